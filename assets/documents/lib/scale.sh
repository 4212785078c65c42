#!/bin/bash
# How many replicas run where an operator wants another number than the deployment says: `metals scale`. Both numbers are
# labels of the service, so that the next deployment keeps the operator's, until it says another one itself.
SCALED_FROM=com.metals.scale.from SCALED_TO=com.metals.scale.to
# Services that may have several replicas.
SCALABLE='["producer","processor"]'

# How many replicas of the producer each worker may have, and in which order they are updated; as in
# lib/constructs/stack-bundle.ts, which says why.
producer_spread() { # REPLICAS WORKERS
  local workers=$(($2 > 0 ? $2 : 1))
  if (($1 == 1)); then echo '0 start-first'; else echo "$((($1 + workers - 1) / workers)) stop-first"; fi
}

# Nodes that are away are counted: they come back.
count_workers() { jq '[.[] | select(.Spec.Role == "worker")] | length'; } # nodes on stdin

# What operators want: `NAME FROM TO`, a line each; services on stdin.
scaled_services() {
  jq -r --arg from "${SCALED_FROM}" --arg to "${SCALED_TO}" --argjson scalable "${SCALABLE}" '
    .[].Spec | (.Name | ltrimstr("metals_")) as $name | select($name | IN($scalable[]))
    | (.Labels // {}) as $labels | select(($labels[$from] // "") != "" and ($labels[$to] // "") != "")
    | "\($name) \($labels[$from]) \($labels[$to])"'
}

# What was wanted before this run changed anything: the version before has it again where this one fails.
SCALE_WANTED='' SCALE_WANTED_KNOWN=no

# After the settings of a release are exported.
keep_scale() {
  local services nodes name from to maximum order variable
  export METALS_PRODUCER_SCALED_FROM='' METALS_PRODUCER_SCALED_TO='' METALS_PROCESSOR_SCALED_FROM='' METALS_PROCESSOR_SCALED_TO=''
  if [[ ${SCALE_WANTED_KNOWN} == no ]]; then
    services=$(stack_services)
    SCALE_WANTED=$(scaled_services <<<"${services}")
    SCALE_WANTED_KNOWN=yes
  fi
  while read -r name from to; do
    [[ -n ${name} ]] || continue
    variable="METALS_${name^^}_REPLICAS"
    # A release of before may say none.
    [[ -n ${!variable:-} ]] || continue
    if [[ ${!variable} != "${from}" ]]; then
      log "${name}: ${!variable} replicas, as this deployment says, no more ${to}, which an operator wanted in place of ${from}"
      continue
    fi
    log "${name}: ${to} replicas, as an operator wants, in place of ${from}"
    export "${variable}=${to}" "METALS_${name^^}_SCALED_FROM=${from}" "METALS_${name^^}_SCALED_TO=${to}"
    [[ ${name} == producer ]] || continue
    nodes=$(docker_query /nodes)
    read -r maximum order < <(producer_spread "${to}" "$(count_workers <<<"${nodes}")")
    export METALS_PRODUCER_MAX_PER_NODE=${maximum} METALS_PRODUCER_UPDATE_ORDER=${order}
  done <<<"${SCALE_WANTED}"
}

# needs.json on stdin, as the exported settings have it. Without the limit for each worker: one that is away comes back, and
# until then a deployment waits for it.
scaled_needs() {
  jq -c --arg producer "${METALS_PRODUCER_SCALED_TO}" --arg processor "${METALS_PROCESSOR_SCALED_TO}" --arg order "${METALS_PRODUCER_UPDATE_ORDER:-}" '
    map(if .name == "producer" and $producer != ""
        then . + {replicas: ($producer | tonumber), start_first: ($order == "start-first")}
      elif .name == "processor" and $processor != "" then .replicas = ($processor | tonumber)
      else . end)'
}

# What services that are deployed reserve and where they may run, as room_problems takes it; services on stdin.
needs_of_services() {
  jq -c 'map(.Spec | .TaskTemplate as $task | {
    name: (.Name | ltrimstr("metals_")), global: (.Mode.Global != null),
    replicas: (if .Mode.Replicated then .Mode.Replicated.Replicas else 1 end),
    nano_cpus: ($task.Resources.Reservations.NanoCPUs // 0), memory_bytes: ($task.Resources.Reservations.MemoryBytes // 0),
    constraints: ($task.Placement.Constraints // []), max_per_node: ($task.Placement.MaxReplicas // 0),
    start_first: (.UpdateConfig.Order == "start-first")})'
}
