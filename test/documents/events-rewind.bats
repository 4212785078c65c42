#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are of bats
bats_require_minimum_version 1.5.0
load helpers

TOLD='{"rewound":true,"records":7,"partitions":[[0,"9","2"]]}'
ANSWER='{"rewound":true,"records":7,"partitions":[[0,"9","2"]],"standstill":false}'

# A Swarm whose processor has two replicas; its service changes as `docker service update` says, and its tasks with it.
swarm() { # what the job prints
  export WORLD="${BATS_TEST_TMPDIR}/world" JOB_OUTPUT=${1-${TOLD}}
  mkdir -p "${WORLD}"
  jq '(.[] | select(.Spec.Name == "metals_processor").Spec) |= (.Mode = {Replicated: {Replicas: 2}} | .Labels["com.docker.stack.namespace"] = "metals")' \
    "${ROOT}/test/documents/states/services-with-secrets.json" >"${WORLD}/services"
  echo '[]' >"${WORLD}/configs"
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true,"NodeID":"n1"}}' ;;
  *http://docker/nodes*) echo '[{"ID":"n1","Spec":{"Labels":{"metals.slot":"manager-1"}},"Description":{"Hostname":"a"},"Status":{"State":"ready"}}]' ;;
  *"http://docker/services/create"*) cat >"${STDIN}/create" && echo '{"ID":"job1"}' ;;
  *http://docker/services*) cat "${WORLD}/services" ;;
  *metals_processor*http://docker/tasks) jq -c '[.[] | select(.Spec.Name == "metals_processor") | range(.Spec.Mode.Replicated.Replicas) | {NodeID: "n1", Status: {State: "running"}}]' "${WORLD}/services" ;;
  *job1*http://docker/tasks) echo '[{"Status":{"State":"complete"}}]' ;;
  *http://docker/tasks*) jq -c '[.[] | select(.Spec.Name == "metals_processor") | . as $s | range(.Spec.Mode.Replicated.Replicas)
    | {ServiceID: $s.ID, NodeID: "n1", DesiredState: "running", Spec: {ContainerSpec: $s.Spec.TaskTemplate.ContainerSpec}, Status: {State: "running"}}]' "${WORLD}/services" ;;
  *"http://docker/configs/create"*) cat >/dev/null && echo '{"ID":"lease"}' ;;
  *http://docker/configs/metals-deploy-lease*) echo "{\"ID\":\"lease\",\"Version\":{\"Index\":1},\"Spec\":{\"Labels\":{\"com.metals.lease.command\":\"${HOLDER:-unknown}\"}}}" ;;
  *http://docker/configs*) cat "${WORLD}/configs" ;;
  *) echo '[]' ;;
esac
EOS
  stub docker <<'EOS'
change() { jq "(.[] | select(.Spec.Name == \"metals_processor\").Spec) |= ($1)" "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services"; }
case "$*" in
  "service update --detach --label-add com.metals.rewind.replicas="*" --replicas 0 metals_processor") value=${5#*=} && change ".Labels[\"com.metals.rewind.replicas\"] = \"${value}\" | .Mode.Replicated.Replicas = 0" ;;
  "service update --detach --label-rm com.metals.rewind.replicas --replicas "*" metals_processor") change "del(.Labels[\"com.metals.rewind.replicas\"]) | .Mode.Replicated.Replicas = $7" ;;
  "service logs"*) echo "${JOB_OUTPUT}" ;;
esac
EOS
  export METALS_JOB_TIMEOUT_SECONDS=0
}

rewind() { # SINCE DRY_RUN
  export SSM_Stage=lab SSM_Since=$1 SSM_DryRun=$2
  run --separate-stderr bash "$(assemble events-rewind)"
}

assert_stderr() { # TEXT
  [[ ${stderr} == *"$1"* ]] || { echo "not on stderr: $1; stderr: ${stderr}" && return 1; }
}

processor_has() { # CHANGE of its specification in jq
  jq "(.[] | select(.Spec.Name == \"metals_processor\").Spec) |= ($1)" "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services"
}

# Replicas, and those that it is to have again.
processor() { jq -c '.[] | select(.Spec.Name == "metals_processor").Spec | [.Mode.Replicated.Replicas, .Labels["com.metals.rewind.replicas"]]' "${WORLD}/services"; }

@test "before a deployment: says so, starts nothing" {
  swarm
  echo '[]' >"${WORLD}/services"
  rewind all false
  assert_status 1
  assert_stderr "nothing is deployed on this Swarm"
  refute_call "service update"
}

@test "it counts without stopping anybody, and takes no lease" {
  swarm
  rewind all true
  assert_status 0
  [[ ${output} == "${ANSWER}" ]]
  refute_call "service update"
  refute_call configs/create
  jq -e '.TaskTemplate.ContainerSpec | .Args == ["rewind", "{\"dry_run\":true}"] and (.Secrets | map(.File.Name)) == ["kafka-password-processor"]' "${STDIN}/create"
}

@test "the processors end, the offsets go back, and as many processors begin again" {
  swarm
  rewind 2026-11-28T10:00:00Z false
  assert_status 0
  [[ ${output} == "${ANSWER}" ]]
  jq -e '.TaskTemplate.ContainerSpec.Args[1] | fromjson == {dry_run: false, since: "2026-11-28T10:00:00Z"}' "${STDIN}/create"
  [[ $(grep -nE 'replicas 0|services/create|label-rm' "${CALLS}" | sed -E 's/.*(replicas 0|services\/create|label-rm).*/\1/' | paste -sd ' ') == "replicas 0 services/create label-rm" ]]
  [[ $(processor) == '[2,null]' ]]
  assert_call "docker config rm lease"
}

@test "what goes wrong is told, and the processors begin again" {
  swarm '{"rewound":false,"records":0,"partitions":[],"reason":"waiting until nobody reads as g failed for 60 s: its state is Stable"}'
  rewind all false
  assert_status 1
  assert_stderr "error: the offsets are not set back as they should be: waiting until nobody reads as g failed for 60 s: its state is Stable"
  [[ $(processor) == '[2,null]' ]]
}

@test "after a run that was killed, the next one knows how many there were" {
  swarm
  processor_has '.Mode.Replicated.Replicas = 0 | .Labels["com.metals.rewind.replicas"] = "2"'
  rewind all false
  assert_status 0
  [[ $(processor) == '[2,null]' ]]
}

@test "who only counts is told that processors stand still since a run that was killed" {
  swarm
  processor_has '.Mode.Replicated.Replicas = 0 | .Labels["com.metals.rewind.replicas"] = "2"'
  rewind all true
  assert_status 0
  [[ ${output} == *'"standstill":true}' ]]
  [[ $(processor) == '[0,"2"]' ]]
}

@test "who only counts removes no job of one who does it" {
  swarm
  rewind all true
  refute_call "label=com.metals.rewind=true"
  jq -e '.Labels == {"com.metals.rewind-count": "true"}' "${STDIN}/create"
}

@test "what a person has scaled since a run that was killed is what begins again" {
  swarm
  processor_has '.Mode.Replicated.Replicas = 3 | .Labels["com.metals.rewind.replicas"] = "2"'
  rewind all false
  assert_status 0
  [[ $(processor) == '[3,null]' ]]
}

@test "processors that a person has stopped stay so" {
  swarm
  processor_has '.Mode.Replicated.Replicas = 0'
  rewind all false
  assert_status 0
  [[ $(processor) == '[0,null]' ]]
}

@test "while a move to another Kafka or MongoDB has not ended, nothing is touched" {
  swarm
  echo '[{"Spec":{"Name":"metals-move-1","Labels":{"com.metals.kafka":"b-1:9096","com.metals.mongodb":"own"}}}]' >"${WORLD}/configs"
  rewind all false
  assert_status 1
  assert_stderr "a move from one Kafka or MongoDB to another has not ended"
  refute_call "service update"
  assert_call "docker config rm lease"
}

@test "whoever has lost the lease leaves the processors to who has it" {
  swarm '{"reason":"x"}'
  export HOLDER=11111111-2222-3333-4444-555555555555
  # A renewal is due at once.
  export SSM_Stage=lab SSM_Since=all SSM_DryRun=false
  script=$(assemble events-rewind)
  sed -i 's/^LEASE_RENEWED_AFTER_SECONDS=30/LEASE_RENEWED_AFTER_SECONDS=0/' "${script}"
  run --separate-stderr bash "${script}"
  assert_status 1
  assert_stderr "the lease of this run was taken over"
  [[ $(processor) == '[0,"2"]' ]]
}
