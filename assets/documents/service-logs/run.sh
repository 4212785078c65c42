#!/bin/bash
# Changes nothing. Systems Manager keeps 24,000 characters, so the lines are compressed, and the oldest stay out.
require_parameters Stage Services Since Lines Level Grep Node
require_manager

ROOM_BYTES=20000
# Of each task, where only some of its lines are wanted.
SEARCHED_LINES=20000
# Of this process alone: several people may read logs at a time.
FOLDER="${METALS_RUN_FOLDER}/service-logs-$$"
trap 'rm -rf "${FOLDER}"' EXIT
mkdir -p "${FOLDER}"
# A run that was killed has left its own.
for other in "${METALS_RUN_FOLDER}"/service-logs-*; do [[ -d /proc/${other##*-} ]] || rm -rf "${other}"; done

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

of_node() { if [[ ${SSM_Node} == all ]]; then cat; else awk -v host="@${hostname}" 'substr($2, length($2) - length(host) + 1) == host'; fi; }
of_level() { if [[ ${SSM_Level} == all ]]; then cat; else lines_with "${FOLDER}" -E -e "$(level_pattern "${SSM_Level}")"; fi; }
found() {
  if [[ ${SSM_Grep} == none ]]; then
    cat
  else
    lines_with "${FOLDER}" -iE -e "$(base64 -d <<<"${SSM_Grep}")"
  fi
}

tail=${SSM_Lines}
[[ ${SSM_Level} == all && ${SSM_Grep} == none ]] || tail=${SEARCHED_LINES}
# shellcheck disable=SC2086 # names of services hold no blanks
collect_logs "${FOLDER}" "${SSM_Since}" "${tail}" ${wanted}
sorted_logs "${FOLDER}" | of_node >"${FOLDER}/of-node"
of_level <"${FOLDER}/of-node" >"${FOLDER}/of-level"
found <"${FOLDER}/of-level" >"${FOLDER}/found" 2>"${FOLDER}/why" ||
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
docker_remarks "${FOLDER}" | jq -cRs --arg stage "${SSM_Stage}" --argjson nodes "${nodes}" --argjson lines "${count}" --argjson leftOut "$((total - count))" \
  '{stage: $stage, nodes: $nodes, lines: $lines, left_out: $leftOut, remarks: split("\n") | map(select(. != ""))}'
cat "${FOLDER}/packed"
echo
