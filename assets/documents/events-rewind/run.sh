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

# What it has, or had before it was made to stand still.
# shellcheck disable=SC2016 # jq's variable
REPLICAS='.Spec | if .Mode.Replicated.Replicas > 0 then .Mode.Replicated.Replicas else .Labels[$key] // 0 end'

# Kafka itself tells whether one on a node that does not answer still reads.
processors_stopped() {
  local left
  left=$({ docker_query /nodes && docker_query /tasks "{\"service\":[\"${PROCESSOR}\"]}"; } | living_tasks)
  [[ ${left} == 0 ]] || { echo "${left} processors have not ended" && return 1; }
}

stop_processors() {
  local replicas
  replicas=$(of_processor "${REPLICAS}")
  docker service update --detach --label-add "${STANDSTILL}=${replicas}" --replicas 0 "${PROCESSOR}" >/dev/null
  wait_until 120 "waiting for the processors to end" processors_stopped
}

# Where they stand still for a rewind.
processors_started() {
  local replicas output
  # shellcheck disable=SC2016 # jq's variable
  replicas=$(of_processor "select(.Spec.Labels[\$key]) | ${REPLICAS}") || { echo "docker does not answer" && return 1; }
  [[ -n ${replicas} ]] || return 0
  output=$(docker service update --detach --label-rm "${STANDSTILL}" --replicas "${replicas}" "${PROCESSOR}" 2>&1) ||
    { tail -n 1 <<<"${output}" && return 1; }
}

finish() {
  local code=$?
  trap - EXIT ERR
  set +e
  # Before they read: it may still be setting offsets back.
  remove_jobs "${JOB_LABEL}"
  # Whoever has lost the lease leaves the rest to who has it.
  [[ -z ${LEASE_ID} ]] || (wait_until 60 "starting the processors again" processors_started) ||
    echo "next: metals rewind --all --stage ${SSM_Stage}: until then nothing is stored" >&2
  release_lease
  exit "${code}"
}

# Of their own kind, or one who only counts would remove the job of one who does it.
JOB_LABEL=rewind
if [[ ${SSM_DryRun} == true ]]; then
  JOB_LABEL=rewind-count
  take_lock events-rewind
  trap 'remove_jobs "${JOB_LABEL}"' EXIT
else
  take_lease events-rewind
  trap release_lease EXIT
  refuse_while_moving rewind
fi
arguments=$(request | jq -c '["rewind", tojson]')
specify_job "${JOB_LABEL}" 'processor/kafka-password-processor|kafka-login-processor' processor "${arguments}"
if [[ ${SSM_DryRun} == false ]]; then
  trap finish EXIT
  stop_processors
fi
tell_of_job "${JOB_LABEL}" "${SPECIFICATION}"
reason=$(jq -r '.reason // empty' <<<"${TOLD}")
[[ -z ${reason} ]] || fail "the offsets are not set back as they should be: ${reason}" "remove the cause, and rewind again"
if [[ ${SSM_DryRun} == false ]]; then
  wait_until 60 "starting the processors again" processors_started
  await_convergence 120 processor
  [[ ${ANSWER} == converged ]] || fail "all is set back, and the processors do not run again: $(first_bytes 160 <<<"${ANSWER}")" "metals status --stage ${SSM_Stage}"
fi
# Who only counts is told that an earlier rewind was cut off, and has to be ended.
# shellcheck disable=SC2016 # jq's variable
standstill=$(of_processor '.Spec.Labels[$key] != null and .Spec.Mode.Replicated.Replicas == 0')
jq -c --argjson standstill "${standstill}" '. + {standstill: $standstill}' <<<"${TOLD}"
