#!/bin/bash
# Changes nothing. Systems Manager keeps 24,000 characters, so the lines are compressed, and the oldest stay out.
require_parameters Stage Services Since Lines Level Grep Node
require_manager

ROOM_BYTES=20000
# Of each task, where only some of its lines are wanted.
SEARCHED_LINES=10000

# Of this run alone, on the disk, because what was logged may be more than memory holds. The number names the process.
mkdir -p "${METALS_STATE_FOLDER}"
for other in "${METALS_STATE_FOLDER}"/service-logs.*; do
  number=${other#*/service-logs.}
  [[ -d /proc/${number%%.*} ]] || rm -rf "${other}"
done
FOLDER="${METALS_STATE_FOLDER}/service-logs.$$.${SECONDS}${RANDOM}"
trap 'rm -rf "${FOLDER}"' EXIT
mkdir "${FOLDER}"

services=$(stack_services | jq -r '.[].Spec.Name | ltrimstr("metals_")' | sort)
if [[ ${SSM_Services} == all ]]; then
  wanted=${services}
else
  wanted=$(tr ',' '\n' <<<"${SSM_Services}" | sort -u)
  unknown=$(comm -23 <(echo "${wanted}") <(echo "${services}") | paste -sd ' ')
  [[ -z ${unknown} ]] || fail "there is no service ${unknown}; there are: $(paste -sd ' ' <<<"${services}")" "name one of these, or none for all"
fi
nodes=$(docker_query /nodes | jq -c '[.[] | {key: .Description.Hostname, value: (.Spec.Labels["metals.slot"] // .Description.Hostname)}] | from_entries')
hostname=$(jq -r --arg slot "${SSM_Node}" 'to_entries[] | select(.value == $slot) | .key' <<<"${nodes}")
[[ ${SSM_Node} == all || -n ${hostname} ]] ||
  fail "there is no node ${SSM_Node}; there are: $(jq -r '[.[]] | sort | join(" ")' <<<"${nodes}")" "name one of these, or none for all"

# By the clock of the nodes, which is not that of whoever asks.
asked_at=$(date -u +%FT%T.%NZ)
since=${SSM_Since}
[[ ${since} == *T* ]] || since=$(date -u -d "@$(($(date +%s) - since))" +%FT%TZ)
is_filtered=false
[[ ${SSM_Level} == all && ${SSM_Grep} == none ]] || is_filtered=true
tail=${SSM_Lines}
if ${is_filtered} && ((tail < SEARCHED_LINES)); then tail=${SEARCHED_LINES}; fi

# shellcheck disable=SC2086 # names of services hold no blanks
collect_logs "${FOLDER}" "${since}" "${tail}" "${hostname}" ${wanted}
LC_ALL=C sort -s -k 1,1 "${FOLDER}"/*.lines >"${FOLDER}/found"
rm -f "${FOLDER}"/*.lines
[[ ${SSM_Level} == all ]] || keep_lines_with "${FOLDER}/found" -E -e "$(level_pattern "${SSM_Level}")"
[[ ${SSM_Grep} == none ]] || keep_lines_with "${FOLDER}/found" -iE -e "$(base64 -d <<<"${SSM_Grep}")" 2>"${FOLDER}/why" ||
  fail "the expression cannot be searched for: $(tail -n 1 "${FOLDER}/why")" "mend it: it is an extended regular expression, as grep -E takes it"

total=$(wc -l <"${FOLDER}/found")
count=$((total < SSM_Lines ? total : SSM_Lines))
while :; do
  tail -n "${count}" "${FOLDER}/found" | gzip -9n | base64 -w 0 >"${FOLDER}/packed"
  size=$(wc -c <"${FOLDER}/packed")
  ((size > ROOM_BYTES && count > 1)) || break
  count=$((count * ROOM_BYTES * 9 / size / 10))
  ((count > 0)) || count=1
done
more=false
[[ -z $(find "${FOLDER}" -name '*.more' -print -quit) ]] || more=true
docker_remarks "${FOLDER}" | jq -cRs --arg stage "${SSM_Stage}" --arg askedAt "${asked_at}" --argjson nodes "${nodes}" \
  --argjson lines "${count}" --argjson leftOut "$((total - count))" --argjson more "${more}" --argjson searched "${tail}" '
  {stage: $stage, asked_at: $askedAt, nodes: $nodes, lines: $lines, left_out: $leftOut, more: $more, searched: $searched,
    remarks: split("\n") | map(select(. != ""))}'
cat "${FOLDER}/packed"
echo
