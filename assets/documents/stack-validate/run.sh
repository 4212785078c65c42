#!/bin/bash
# One JSON value on stdout. Kafka and MongoDB are asked by a job inside the overlays, as the administrator, because nobody
# else may see rights; it changes nothing.
require_parameters Stage
require_manager
take_lock stack-validate

SECRETS='setup/kafka-password-admin|kafka-login-admin setup/mongodb-password-admin|mongodb-uri-admin'

remove_jobs validate
trap 'remove_jobs validate' EXIT
start_job validate "${SECRETS}" processor '["validate"]'
await_job
output=$(timeout 20 docker service logs --raw "${JOB}" 2>&1)
engines=$(jq -cR 'fromjson? | objects | select(.checks) | .checks' <<<"${output}" | tail -n 1)
[[ -n ${engines} ]] || fail "the job has told nothing: $(job_errors "${JOB}") $(tail -n 3 <<<"${output}" | first_bytes 400)" "metals logs kafka mongodb --stage ${SSM_Stage}"
serving=$(read_serving)
swarm=$({ docker_query /nodes && docker_query /services && docker_query /networks && docker_query /secrets && docker_query /configs &&
  newest_networks && echo "${serving:-null}"; } | swarm_checks)
jq -c --arg stage "${SSM_Stage}" --argjson engines "${engines}" '{stage: $stage, checks: (. + $engines)}' <<<"${swarm}"
