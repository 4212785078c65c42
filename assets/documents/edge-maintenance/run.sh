#!/bin/bash
# Sets what every edge answers to an event, in one update of the service: one node after the other, and what is under way is
# finished. A deployment keeps it, and so does an edge that begins anew.
require_parameters Stage State Message TimeoutSeconds
load_node
require_manager
if [[ ${SSM_State} != ask ]]; then
  take_lease edge-maintenance
  trap release_lease EXIT
fi

services=$(stack_services)
before=$(maintenance_of_edge <<<"${services}")
[[ ${before} == =* ]] ||
  fail "the edge that is deployed on this Swarm knows of no maintenance" "metals deploy --stage ${SSM_Stage}"
before=${before#=} message=${before#=}
case ${SSM_State} in
  on) message=${SSM_Message} ;;
  off) message='' ;;
esac

if [[ ${SSM_State} != ask ]]; then
  # One that was rolled back is sent again where it is so already, too: its state would be taken for that of this one.
  state=$(jq -r --arg edge "${STACK}_edge" '.[] | select(.Spec.Name == $edge) | .UpdateStatus.State // ""' <<<"${services}")
  if [[ ${message} != "${before}" || ${state} == rollback_completed ]]; then
    refuse_during_update "${services}" edge 'the edge'
    set_maintenance "${services}" "${message}"
  fi
  # As well where it is set already: a run that was cut off is waited for by the next one.
  await_convergence "${SSM_TimeoutSeconds}" edge
  [[ ${ANSWER} == converged ]] || {
    [[ -z ${STATE} ]] || explain "$(only_service edge <<<"${STATE}")"
    fail "not every edge has the change $(not_converged)" "remove the cause above, and try again"
  }
fi
jq -cn --arg before "${before}" --arg message "${message}" '{changed: ($before != $message), message: (if $message == "" then null else $message end)}'
