#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are of bats
bats_require_minimum_version 1.5.0
load helpers

LETTER='{"letter":{"offset":4,"reason":"not-json"}}'
END='{"end":{"low":0,"high":5,"total":1}}'

# A Swarm with a setup service, a job that has ended, and what it printed: stdout and stderr of its log.
swarm() { # STDOUT [STATE]
  export SERVICES="${ROOT}/test/documents/states/services-with-secrets.json"
  export JOB_OUTPUT=$1 JOB_STATE=${2:-complete}
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *"http://docker/services/create"*) cat >"${STDIN}/create" && echo '{"ID":"job1"}' ;;
  *http://docker/services*) cat "${SERVICES}" ;;
  *http://docker/tasks*) echo "[{\"Status\":{\"State\":\"${JOB_STATE}\",\"Err\":\"task: non-zero exit (78)\"}}]" ;;
esac
EOS
  stub docker <<'EOS'
case "$*" in
  "service ls"*) grep -q '^docker service rm left-behind' "${CALLS}" || echo left-behind ;;
  "service logs"*) [[ -z ${JOB_OUTPUT} ]] || printf '%s\n' "${JOB_OUTPUT}"; echo "configuration is wrong" >&2 ;;
esac
EOS
  export METALS_LOG_TIMEOUT_SECONDS=0 METALS_JOB_TIMEOUT_SECONDS=0
}

ask_parameters() {
  export SSM_Stage=lab SSM_Action=list SSM_Offsets=none SSM_Reason=none SSM_SinceSeconds=none SSM_From=none SSM_Before=none
  export SSM_Limit=20 SSM_DryRun=true
}

ask() { # NAME=VALUE…
  ask_parameters
  local pair
  for pair in "$@"; do export "SSM_${pair?}"; done
  run --separate-stderr bash "$(assemble dead-letters)"
}

assert_stderr() { # TEXT
  [[ ${stderr} == *"$1"* ]] || { echo "not on stderr: $1; stderr: ${stderr}" && return 1; }
}

requested() { jq -c '.TaskTemplate.ContainerSpec.Args[1] | fromjson' "${STDIN}/create"; }

@test "before a deployment: says so, starts nothing" {
  swarm ''
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"ControlAvailable":true}}' ;;
  *) echo '[]' ;;
esac
EOS
  ask
  assert_status 1
  assert_stderr "nothing is deployed on this Swarm"
  assert_stderr "next: cdk deploy --all"
  refute_call services/create
}

@test "an old agent's missing parameters start nothing" {
  swarm "${END}"
  run env -u SSM_DryRun SSM_Stage=lab SSM_Action=replay SSM_Offsets=1 SSM_Reason=none SSM_SinceSeconds=none SSM_From=none SSM_Before=none SSM_Limit=20 \
    bash "$(assemble dead-letters)"
  assert_status 1
  assert_output "parameter DryRun did not arrive"
  refute_call services/create
}

@test "a job that does not end is given up, with what it waits for, and removed" {
  swarm "${END}" pending
  ask
  assert_status 1
  assert_stderr "waiting for the job: not within 0 s: the job is pending"
  assert_call "service ls -q --filter label=com.metals.dead-letters=true"
  [[ $(grep -c '^docker service ls' "${CALLS}") == 2 ]]
  [[ -z ${output} ]]
}

@test "a job that printed no last line has answered nothing, and its own words are told" {
  swarm "${LETTER}" failed
  ask
  assert_status 1
  assert_stderr "the job ended without its last line: task: non-zero exit (78)"
  assert_stderr "configuration is wrong"
  assert_stderr "next: metals status --stage lab"
  [[ -z ${output} ]]
}

@test "more than Systems Manager keeps is not printed in part" {
  swarm "{\"letter\":\"$(printf 'x%.0s' {1..24000})\"}"$'\n'"${END}"
  ask
  assert_status 1
  assert_stderr "bytes, and Systems Manager keeps fewer than 24000: nothing is shown, rather than a part"
  [[ -z ${output} ]]
}

@test "24,000 bytes are cut already, 23,999 are not" {
  local room=$((24000 - ${#END} - 2))
  swarm "$(printf 'x%.0s' $(seq 1 $((room - 1))))"$'\n'"${END}"
  ask
  assert_status 0
  swarm "$(printf 'x%.0s' $(seq 1 "${room}"))"$'\n'"${END}"
  ask
  assert_status 1
  assert_stderr "the job printed 24000 bytes"
}

@test "output is counted in bytes, as the agent counts it" {
  # The agent's locale decides what a character is.
  export LC_ALL=C.UTF-8
  swarm "$(printf '€%.0s' {1..8000})"$'\n'"${END}"
  ask
  assert_status 1
  assert_stderr "the job printed $((24000 + ${#END} + 2)) bytes"
  [[ -z ${output} ]]
}

@test "an error of the tools is on stdout for programs, on stderr for people" {
  swarm '{"error":{"why":"offset 9 is past the end","next":"dlq list","usage":true}}' failed
  ask Action=show Offsets=9
  assert_status 1
  [[ ${output} == '{"error":{"why":"offset 9 is past the end","next":"dlq list","usage":true}}' ]]
  assert_stderr "error: offset 9 is past the end"
  assert_stderr "next: dlq list"
}

@test "the job runs the newest tools on a manager, with Kafka's admin password and no other secret" {
  swarm "${END}"
  ask
  assert_status 0
  jq -e '.TaskTemplate.ContainerSpec.Image == "registry/tools@sha256:new" and .TaskTemplate.ContainerSpec.Args[0] == "dlq"
    and .TaskTemplate.ContainerSpec.Secrets == [{"SecretID":"id-kafka-admin","SecretName":"kafka-password-admin-bbbbbbbb",
      "File":{"Name":"kafka-password-admin","UID":"1000","GID":"1000","Mode":256}}]
    and .TaskTemplate.Networks == [{"Target":"net-backend"}]
    and .TaskTemplate.Placement.Constraints == ["node.role==manager"]
    and .TaskTemplate.RestartPolicy == {"Condition":"none"} and .Mode.ReplicatedJob.TotalCompletions == 1
    and .Labels == {"com.metals.dead-letters":"true"} and (.Name | startswith("metals-dead-letters-"))' "${STDIN}/create"
}

@test "what an interrupted run has left behind is removed first" {
  swarm "${END}"
  ask
  assert_status 0
  grep -nE 'service rm left-behind|services/create' "${CALLS}" | head -n 1 | grep -q 'service rm left-behind'
}

@test "what a killed run has left is gone after the next: SIGKILL lets no trap run" {
  swarm "${END}"
  stub docker <<'EOS'
case "$*" in
  "service logs"*) kill -9 -- "-$(ps -o sid= -p $$ | tr -d ' ')" ;;
esac
EOS
  export TMPDIR="${BATS_TEST_TMPDIR}/tmp" && mkdir "${TMPDIR}"
  ask_parameters
  # A process group of its own, as a step of the agent is.
  setsid --wait bash "$(assemble dead-letters)" >/dev/null 2>&1 </dev/null || true
  [[ -d ${METALS_RUN_FOLDER}/dead-letters ]]
  swarm "${END}"
  ask
  assert_status 0
  [[ ! -e ${METALS_RUN_FOLDER}/dead-letters && -z $(ls -A "${TMPDIR}") ]]
}

@test "what was not given is not asked for" {
  swarm "${END}"
  ask
  [[ $(requested) == '{"action":"list","limit":20,"dry_run":true}' ]]
}

@test "every parameter reaches the tools; offsets in order, each once" {
  swarm "${END}"
  ask Action=replay Offsets=7,3,007 Reason=not-json SinceSeconds=60 From=2 Before=9 Limit=5 DryRun=false
  [[ $(requested) == '{"action":"replay","offsets":[3,7],"reason":"not-json","since_seconds":60,"from":2,"before":9,"limit":5,"dry_run":false}' ]]
}

@test "more offsets than one call takes start nothing" {
  swarm "${END}"
  ask Action=replay Offsets="$(seq -s , 1 100)"
  assert_status 0
  : >"${CALLS}"
  ask Action=replay Offsets="$(seq -s , 1 101)"
  assert_status 1
  assert_stderr "Offsets names 101 dead letters, expected at most 100"
  refute_call services/create
}

@test "letters and the last line are on stdout, and nothing else" {
  swarm "${LETTER}"$'\n'"${END}"
  ask
  assert_status 0
  [[ ${output} == "${LETTER}"$'\n'"${END}" ]]
}
