#!/usr/bin/env bats
# Judgements about states. test/documents/states/swarm is what Docker's API answers about a Swarm on which all is well;
# status.json is the state that is made of it, which the command line's tests read too.
load helpers

STATES="${BATS_TEST_DIRNAME}/states"

# bats waits so many seconds after a test that fails, too.
setup_file() { export BATS_TEST_TIMEOUT=20; }

# The state of that Swarm after some changes to what the API answers.
state_with() { # TASKS' CHANGE in jq [SERVICES' CHANGE [NODES' CHANGE]]
  export API="${BATS_TEST_TMPDIR}/api"
  mkdir -p "${API}"
  jq "$1" "${STATES}/swarm/tasks.json" >"${API}/tasks"
  jq "${2:-.}" "${STATES}/swarm/services.json" >"${API}/services"
  jq "${3:-.}" "${STATES}/swarm/nodes.json" >"${API}/nodes"
  cp "${STATES}/swarm/networks.json" "${API}/networks"
  stub curl <<'EOF'
for argument in "$@"; do [[ ${argument} != http://docker/* ]] || cat "${API}/${argument#http://docker/}"; done
EOF
  run_with_libraries stack_state
  printf '%s\n' "${output}" >"${BATS_TEST_TMPDIR}/state"
}

judge() { # LINES that read the state on stdin
  run_with_libraries "{ $1; } <'${BATS_TEST_TMPDIR}/state'"
}

explained() {
  export SSM_Stage=lab
  { libraries && echo 'explain "$(cat "${RECORDED}")"'; } >"${BATS_TEST_TMPDIR}/explain.sh"
  RECORDED="${BATS_TEST_TMPDIR}/state" bash "${BATS_TEST_TMPDIR}/explain.sh" 2>"${BATS_TEST_TMPDIR}/told" >"${BATS_TEST_TMPDIR}/all"
  cat "${BATS_TEST_TMPDIR}/told"
}

FAILED='.Status |= (.State = "failed" | .Err = "task: non-zero exit (1)")'
# Kafka does not start, so setup, the producer and the processor cannot either.
KAFKA_DOWN="map(if (.ServiceID | IN(\"s2\", \"s4\", \"s5\", \"s6\")) then ${FAILED} else . end)"

@test "the state of a Swarm on which all is well is the one that the command line's tests read" {
  state_with .
  diff <(jq 'del(.generated_at)' "${BATS_TEST_TMPDIR}/state") <(jq 'del(.generated_at, .stage)' "${STATES}/status.json")
  judge verdict
  [[ ${output} == converged ]]
}

@test "tasks that have failed are waited for, by name" {
  state_with "${KAFKA_DOWN}"
  judge verdict
  [[ ${output} == "waiting: kafka 0/1, processor 0/1, producer 0/1, setup-0a1b2c3d 0/1" ]]
}

@test "what others depend on comes before them, not what comes first by name" {
  state_with "${KAFKA_DOWN}"
  judge unhappy_services
  [[ ${output} == $'kafka\nsetup-0a1b2c3d\nprocessor\nproducer' ]]
}

@test "an update that was rolled back has failed; one that is paused is stuck, and nothing is said to serve" {
  local update
  for update in rollback_completed:failed 'rollback_paused:stuck: producer (rollback_paused)' 'paused:stuck: producer (paused)' \
    'rollback_started:waiting: producer rolls back' 'updating:waiting: producer 1/1'; do
    state_with . "map(if .ID == \"s5\" then .UpdateStatus.State = \"${update%%:*}\" else . end)"
    judge verdict
    [[ ${output} == "${update#*:}" ]] || { echo "${update}: ${output}" && return 1; }
  done
}

@test "all workers lost: what runs on workers is pending, and says why" {
  state_with 'map(if (.ServiceID | IN("s4", "s5")) then .NodeID = "" | .Status = {State: "pending", Timestamp: "2026-11-26T10:09:00Z",
    Message: "pending task scheduling", Err: "no suitable node (scheduling constraints not satisfied on 1 node)"} else . end)' . \
    'map(if .Spec.Role == "worker" then .Status.State = "down" else . end)'
  [[ $(jq -r '.services[] | select(.name == "producer").problems[0].error' "${BATS_TEST_TMPDIR}/state") == "no suitable node (scheduling constraints not satisfied on 1 node)" ]]
}

@test "where one replica is missing, what failed before another one that runs is history" {
  # The edge of n3 has failed; that of n1 was replaced a while ago.
  local failed='map(if .ServiceID == "s1" and .NodeID == "n3" then .ID = "now" | .Status = {State: "failed", Err: "task: non-zero exit (137)", Timestamp: "2026-11-26T10:09:00Z"} else . end)'
  state_with "${failed} + [(.[] | select(.ServiceID == \"s1\" and .NodeID == \"n1\") | .ID = \"before\" | .DesiredState = \"shutdown\" | .Status.State = \"complete\")]"
  [[ $(jq -c '.services[] | select(.name == "edge") | [.running, .problems[].task_id]' "${BATS_TEST_TMPDIR}/state") == '[2,"now"]' ]]
  # Of replicas each has a slot, wherever it runs.
  state_with 'map(if .ServiceID == "s5" then .Slot = 1 else . end) + [(.[] | select(.ServiceID == "s5") | .ID = "second" | .Slot = 2 | .Status.State = "failed")]' \
    'map(if .ID == "s5" then .Spec.Mode.Replicated.Replicas = 2 else . end)'
  [[ $(jq -c '.services[] | select(.name == "producer") | [.running, .problems[].task_id]' "${BATS_TEST_TMPDIR}/state") == '[1,"second"]' ]]
}

@test "an explanation begins with the root cause, has no stack frames, and fits" {
  state_with "${KAFKA_DOWN}"
  # 40 lines of a Java stack, the cause first; long lines everywhere else.
  stub docker <<'EOF'
[[ $* != *task2* ]] || echo 'java.io.IOException: No space left on device'
for n in $(seq 30); do printf '\tat org.apache.kafka.Thing.call(Thing.java:%s)\n    at Object.<anonymous> (/app/app.js:%s:7)\n' "${n}" "${n}"; done
[[ $* == *task2* ]] || for n in $(seq 5); do printf 'cannot connect to kafka:9092 %0300d\n' "${n}"; done
EOF
  explained
  [[ $(head -n 1 "${BATS_TEST_TMPDIR}/told") == "service kafka: 0 of 1 replicas, update none" ]]
  grep -q 'No space left on device' "${BATS_TEST_TMPDIR}/told"
  if grep '^ *at \|Thing.java' "${BATS_TEST_TMPDIR}/told"; then return 1; fi
  (($(wc -c <"${BATS_TEST_TMPDIR}/told") <= 1700))
  # The rest is in the log group, and what is left out is named.
  grep -q 'Thing.java:30' "${BATS_TEST_TMPDIR}/all"
  local name
  for name in kafka setup processor producer; do grep -q "${name}" "${BATS_TEST_TMPDIR}/told"; done
}

@test "what a service complains of is told rather than its farewell" {
  run_with_libraries 'printf "%s\n" "{\"level\":\"error\",\"reason\":\"wrong password\"}" "{\"level\":\"info\"}" | complaints'
  [[ ${output} == 'wrong password (error)' ]]
  run_with_libraries 'printf "%s\n" "{\"level\":\"error\",\"time\":\"2026-11-28T11:51:58.306Z\",\"reason\":\"away\",\"msg\":\"setup failed\"}" | complaints'
  [[ ${output} == 'away (error, setup failed, 2026-11-28T11:51:58.306Z)' ]]
  run_with_libraries 'printf "%s\n" "{\"level\":\"error\",\"code\":1}" "{\"level\":\"info\"}" | complaints'
  [[ ${output} == '{"level":"error","code":1}' ]]
  run_with_libraries 'printf "%s\n" one two | complaints'
  [[ ${output} == $'one\ntwo' ]]
}

@test "a node that is down comes before the services that ran there" {
  state_with 'map(if .NodeID == "n2" then .Status.State = "running" else . end)' . 'map(if .ID == "n2" then .Status.State = "down" else . end)'
  stub docker <<<'exit 1'
  explained
  [[ $(head -n 1 "${BATS_TEST_TMPDIR}/told") == "node worker-1 is down" ]]
}

@test "first_bytes keeps whole lines within the limit, and a first line that is longer in part" {
  run_with_libraries 'printf "%s\n" one two three | first_bytes 8'
  [[ ${output} == $'one\ntwo' ]]
  run_with_libraries 'echo 0123456789 | first_bytes 8'
  [[ ${output} == 0123... ]]
}

@test "what a service names, or would roll back to, is referenced" {
  run_with_libraries 'unreferenced <<<"
    [{\"Spec\":{\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":[{\"SecretName\":\"now\"}]}}},
      \"PreviousSpec\":{\"TaskTemplate\":{\"ContainerSpec\":{\"Configs\":[{\"ConfigName\":\"before\"}]}}}}]
    [{\"Spec\":{\"Name\":\"now\"}},{\"Spec\":{\"Name\":\"before\"}},{\"Spec\":{\"Name\":\"old\"}}]"'
  [[ ${output} == old ]]
}

@test "a job that has failed as often as it may is over, and not waited for" {
  # Of its four attempts three, then all.
  local job='(.[] | select(.ServiceID == "s6") | .Status |= (.State = "failed" | .Err = "task: non-zero exit (1)")) as $failed
    | map(select(.ServiceID != "s6"))'
  local attempts='map(if .ID == "s6" then .Spec.TaskTemplate.RestartPolicy.MaxAttempts = 3 else . end)'
  state_with "${job} + ([range(3)] | map(\$failed))" "${attempts}"
  judge verdict
  assert_output 'waiting: setup-'
  state_with "${job} + ([range(4)] | map(\$failed))" "${attempts}"
  judge verdict
  assert_output 'over: setup-'
  # The last one is under way.
  state_with "${job} + ([range(4)] | map(\$failed)) + [\$failed | .Status.State = \"running\"]" "${attempts}"
  judge verdict
  assert_output 'waiting: setup-'
}
