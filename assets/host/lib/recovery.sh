#!/bin/bash
# What a manager does that was away while the others were given up (assets/documents/swarm-recover): two such managers
# would have a majority of the Swarm that was, beside the one that goes on.

# As assets/documents/lib/recovery.sh says.
RECOVERY_FILE="${METALS_RECOVERY_FILE:-${DATA_ROOT}/metals-recovery}"

recoveries() {
  aws ssm get-parameters-by-path --path "/metals/${METALS_STAGE}/swarm/recovery" --output json
}

# Before Docker starts. Its containers and volumes stay; it joins by the association. A claim of its own that was cut off
# before it was noted here is one to go on with.
forget_given_up_swarm() {
  local all last known=0 others progress=recovered
  [[ ${METALS_ROLE} == manager && ${METALS_MANAGERS:-1} -gt 1 ]] || return 0
  wait_until 300 'asking for recoveries of the Swarm' try recoveries
  all=$(recoveries | jq -c '[.Parameters[] | {number: (.Name | split("/") | last | tonumber), value: .Value}] | sort_by(.number)')
  [[ ! -s ${RECOVERY_FILE} ]] || read -r known _ <"${RECOVERY_FILE}"
  last=$(jq -r 'last.number // 0' <<<"${all}")
  ((last > known)) || return 0
  others=$(jq -r --argjson known "${known}" --arg volume "${METALS_DATA_VOLUME_ID}" \
    '[.[] | select(.number > $known and .value != "withdrawn" and (.value | endswith(" " + $volume) | not))] | length' <<<"${all}")
  if ((others > 0)); then
    log "the Swarm went on without this manager (recovery ${last}): what it knows is forgotten, and it joins as a new node"
    rm -rf "${DATA_ROOT}/swarm"
  elif jq -e 'last.value != "withdrawn"' <<<"${all}" >/dev/null; then
    progress=claimed
  fi
  echo "${last} ${progress}" >"${RECOVERY_FILE}.new"
  sync "${RECOVERY_FILE}.new"
  mv "${RECOVERY_FILE}.new" "${RECOVERY_FILE}"
}
