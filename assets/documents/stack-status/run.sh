#!/bin/bash
# One JSON value on stdout; nothing is changed.
require_parameters Stage
require_manager
stack_state | jq -c --arg stage "${SSM_Stage}" '{stage: $stage} + .'
