#!/bin/bash
# One JSON value on stdout; nothing is changed.
require_parameters Stage
require_manager
state=$(stack_state)
health=$(pipeline_health <<<"${state}")
# Names, which end with the version; never a value.
services=$(stack_services)
secrets=$(jq -c '[.[].Spec.TaskTemplate.ContainerSpec.Secrets // [] | .[].SecretName] | unique' <<<"${services}")
tasks=$({ echo "${services}" && stack_tasks && docker_query /nodes; } | running_tasks)
maintenance=$(maintenance_of_edge <<<"${services}")
moves=$(moves)
jq -c --arg stage "${SSM_Stage}" --argjson health "${health}" --argjson secrets "${secrets}" --argjson moves "${moves}" --argjson tasks "${tasks}" --arg maintenance "${maintenance#=}" \
  '{stage: $stage} + . + {health: $health, secrets: $secrets, moves: $moves, tasks: $tasks, maintenance: ($maintenance | if . == "" then null else . end)}' <<<"${state}"
