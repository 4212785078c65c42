#!/bin/bash
# One JSON value on stdout; nothing is changed but the note of how full the disks were. Whatever cannot be told is null: a node
# that is ill must say what it still can, and soon.
require_parameters Stage
# shellcheck source=/dev/null
[[ ! -r ${METALS_NODE_FILE} ]] || source "${METALS_NODE_FILE}"

pings=false info=''
[[ $(docker_api GET /_ping -m 5 2>/dev/null || true) != OK ]] || pings=true
# While managers have no majority this takes as long as they hope for one.
! ${pings} || info=$(docker_api GET /info -m 6 2>/dev/null) || info=''
# Each in the background until it is read.
exec 11< <(disks_of_node) 12< <(clock_of_node) 13< <(certificate_ends) 14< <(allocation_errors)
if ${pings}; then exec 15< <(told_containers) 16< <(probe_peers); else exec 15< <(echo '[]') 16< <(echo null); fi

answer() { # DESCRIPTOR WITHOUT ONE
  local found
  found=$(cat <&"$1")
  jq -c . <<<"${found:-$2}" 2>/dev/null || echo "$2"
}

jq -nc --arg stage "${SSM_Stage}" --arg slot "${METALS_SLOT:-}" --arg boot "$(boot_state)" --arg docker "$(systemctl is-active docker.service || true)" \
  --argjson pings "${pings}" --argjson info "${info:-null}" --argjson disks "$(answer 11 '[]')" --argjson clock "$(answer 12 null)" \
  --argjson certificate "$(answer 13 null)" --arg daemon "$(cat <&14)" --argjson containers "$(answer 15 '[]')" --argjson peers "$(answer 16 null)" '{
    stage: $stage, slot: (if $slot == "" then null else $slot end), boot: $boot, docker: $docker, answers: $pings,
    swarm: ($info.Swarm.LocalNodeState // null), swarm_error: ($info.Swarm.Error // "" | if . == "" then null else .[:300] end),
    disks: $disks, containers: $containers, peers: $peers, clock: $clock, certificate_ends_in_seconds: $certificate,
    daemon_errors: ($daemon | split("\n") | map(select(. != ""))), at: (now | todate)
  }'
