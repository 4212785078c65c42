#!/bin/bash
# One JSON value on stdout; nothing is changed. A container that goes meanwhile is left out.
require_parameters Stage
# shellcheck source=/dev/null
[[ ! -r ${METALS_NODE_FILE} ]] || source "${METALS_NODE_FILE}"

# Of CPU over a fifth of a second: Docker's own figure takes two.
SAMPLE_SECONDS=0.2

use_now() { # CONTAINER
  docker_api GET "/containers/$1/stats?stream=false&one-shot=true" -m 5 2>/dev/null | jq -c '{
    # What the kernel can drop at once is not used: in cgroup version 1 it has the first name.
    memory_bytes: (.memory_stats.usage - (.memory_stats.stats.total_inactive_file // .memory_stats.stats.inactive_file // 0)),
    cpu: .cpu_stats.cpu_usage.total_usage, system: .cpu_stats.system_cpu_usage, cpus: .cpu_stats.online_cpus}' 2>/dev/null
}

use_of_container() { # CONTAINER SERVICE
  local before after
  before=$(use_now "$1") && sleep "${SAMPLE_SECONDS}" && after=$(use_now "$1") || return 0
  jq -cn --arg container "${1:0:12}" --arg service "$2" --argjson before "${before:-null}" --argjson after "${after:-null}" '
    ($after.system - $before.system) as $passed
    | {$service, $container, memory_bytes: $after.memory_bytes,
      cpu_percent: (if $passed > 0 then (($after.cpu - $before.cpu) / $passed * $after.cpus * 1000 | round / 10) else null end)}' 2>/dev/null || true
}

listed=$(docker_query /containers/json "{\"label\":[\"com.docker.stack.namespace=${STACK}\"]}") ||
  fail "Docker does not answer: $(told "${listed}")" "metals doctor --stage ${SSM_Stage}"
while read -r container service; do
  use_of_container "${container}" "${service}" &
done < <(jq -r --arg stack "${STACK}_" '.[] | "\(.Id) \(.Labels["com.docker.swarm.service.name"] // "" | ltrimstr($stack))"' <<<"${listed}") |
  jq -cs --arg slot "${METALS_SLOT:-}" '{slot: $slot, tasks: sort_by(.service, .container)}'
