#!/bin/bash
# Sets the processors' group back, so that they read events again, as far as Kafka still has them: prices that were lost are
# stored again, and one that is stored already stays as it is. They stand still meanwhile, because Kafka changes the offsets
# of no group that somebody reads in. Prints the one line of the tools.
require_parameters Stage Since DryRun
load_node
require_manager

PROCESSOR="${STACK}_processor"
# On the service while it stands still: how many replicas it had. Whoever is killed leaves it for the next run; a deployment takes it away.
STANDSTILL=com.metals.rewind.replicas

request() { jq -cn '$ENV | {dry_run: (.SSM_DryRun == "true")} + if .SSM_Since == "all" then {} else {since: .SSM_Since} end'; }

of_processor() { # FILTER of jq
  stack_services | jq -r --arg name "${PROCESSOR}" --arg key "${STANDSTILL}" ".[] | select(.Spec.Name == \$name) | $1"
}

# Kafka itself tells whether one on a node that does not answer still reads.
processors_stopped() {
  local left
  left=$({ docker_query /nodes && docker_query /tasks "{\"service\":[\"${PROCESSOR}\"]}"; } | living_tasks)
  [[ ${left} == 0 ]] || { echo "${left} processors have not ended" && return 1; }
}

stop_processors() {
  local replicas
  # shellcheck disable=SC2016 # jq's variable
  replicas=$(of_processor '.Spec.Labels[$key] // .Spec.Mode.Replicated.Replicas')
  docker service update --detach --label-add "${STANDSTILL}=${replicas}" --replicas 0 "${PROCESSOR}" >/dev/null
  wait_until 120 "waiting for the processors to end" processors_stopped
}

start_processors() {
  local replicas
  # shellcheck disable=SC2016 # jq's variable
  replicas=$(of_processor '.Spec.Labels[$key] // empty')
  [[ -z ${replicas} ]] || docker service update --detach --label-rm "${STANDSTILL}" --replicas "${replicas}" "${PROCESSOR}" >/dev/null
}

finish() {
  local code=$?
  trap - EXIT ERR
  set +e
  # Whoever has lost the lease leaves the rest to who has it.
  [[ -z ${LEASE_ID} ]] || start_processors
  remove_jobs rewind
  release_lease
  exit "${code}"
}

services=$(stack_services)
[[ -n $(of_processor .ID) && -n $(setup_service "${services}") ]] || fail "nothing is deployed on this Swarm" "cdk deploy --all"
specification=$(job_specification "${services}" rewind 'processor/kafka-password-processor|kafka-login-processor' processor \
  "$(jq -cn --arg request "$(request)" '["rewind", $request]')") ||
  fail "a job of the tools cannot be made from the stack as it is" "cdk deploy --all"
if [[ ${SSM_DryRun} == true ]]; then
  take_lock events-rewind
  trap 'remove_jobs rewind' EXIT
else
  take_lease events-rewind
  trap finish EXIT
  [[ $(moves) == '[]' ]] || fail "a move from one Kafka or MongoDB to another has not ended" "let its deployment end, or deploy again, and rewind after that"
  stop_processors
fi
tell_of_job rewind "${specification}"
reason=$(jq -r '.reason // empty' <<<"${TOLD}")
[[ -z ${reason} ]] || fail "nothing was set back: ${reason}" "remove the cause, and rewind again"
if [[ ${SSM_DryRun} == false ]]; then
  start_processors
  await_convergence 120 processor
  [[ ${ANSWER} == converged ]] || fail "all is set back, and the processors do not run again: $(first_bytes 160 <<<"${ANSWER}")" "metals status --stage ${SSM_Stage}"
fi
echo "${TOLD}"
