#!/bin/bash
# One JSON value on stdout; nothing is changed.
require_parameters Stage
require_manager
state=$(stack_state)
jq -c --arg stage "${SSM_Stage}" --argjson health "$(pipeline_health <<<"${state}")" '{stage: $stage} + . + {health: $health}' <<<"${state}"
