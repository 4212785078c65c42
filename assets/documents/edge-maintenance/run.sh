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
  [[ ${message} == "${before}" ]] ||
    docker service update --detach --no-resolve-image --env-add "${MAINTENANCE}=${message}" "${STACK}_edge" >/dev/null
  # As well where it is set already: a run that was cut off is waited for by the next one.
  await_convergence "${SSM_TimeoutSeconds}" edge
  [[ ${ANSWER} == converged ]] || {
    [[ -z ${STATE} ]] || explain "$(only_service edge <<<"${STATE}")"
    fail "not every edge has the change within ${SSM_TimeoutSeconds} s: $(first_bytes 160 <<<"${ANSWER#waiting: }")" \
      "remove the cause above, and try again"
  }
fi
jq -cn --arg before "${before}" --arg message "${message}" '{changed: ($before != $message), message: (if $message == "" then null else $message end)}'
