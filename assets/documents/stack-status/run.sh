#!/bin/bash
# One JSON value on stdout; nothing is changed.
require_parameters Stage
require_manager
state=$(stack_state)
health=$(pipeline_health <<<"${state}")
# Names, which end with the version; never a value.
secrets=$(stack_services | jq -c '[.[].Spec.TaskTemplate.ContainerSpec.Secrets // [] | .[].SecretName] | unique')
moves=$(moves)
jq -c --arg stage "${SSM_Stage}" --argjson health "${health}" --argjson secrets "${secrets}" --argjson moves "${moves}" \
  '{stage: $stage} + . + {health: $health, secrets: $secrets, moves: $moves}' <<<"${state}"
