#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are of bats
bats_require_minimum_version 1.5.0
load helpers

GIB=1073741824

# A Swarm with one manager and two workers of 4 GiB whose services change as `docker service update` says, and their tasks
# with them. Two producers and a processor, each of 256 MiB.
swarm() {
  export WORLD="${BATS_TEST_TMPDIR}/world"
  mkdir -p "${WORLD}"
  jq '(.[].Spec | select(.Name | IN("metals_producer", "metals_processor"))) |= (.Mode = {Replicated: {Replicas: (if .Name == "metals_producer" then 2 else 1 end)}}
      | .TaskTemplate.Resources.Reservations = {MemoryBytes: 268435456} | .UpdateConfig.Order = "stop-first")
    | map(.Spec.Labels["com.docker.stack.namespace"] = "metals")' \
    "${ROOT}/test/documents/states/services-with-secrets.json" >"${WORLD}/services"
  jq --argjson memory $((4 * GIB)) 'map(.Description.Resources = {NanoCPUs: 2000000000, MemoryBytes: $memory})' \
    "${ROOT}/test/documents/states/swarm/nodes.json" >"${WORLD}/nodes"
  echo '[]' >"${WORLD}/configs"
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true,"NodeID":"n1"}}' ;;
  *http://docker/nodes*) cat "${WORLD}/nodes" ;;
  *http://docker/services*) cat "${WORLD}/services" ;;
  *http://docker/tasks*) jq -c --arg state "${TASKS_ARE:-running}" '[.[] | . as $s | range(.Spec.Mode.Replicated.Replicas // 0)
    | {ID: "t\(.)", ServiceID: $s.ID, NodeID: "n2", Slot: (. + 1), DesiredState: "running", Spec: {ContainerSpec: $s.Spec.TaskTemplate.ContainerSpec}, Status: {State: $state}}]' "${WORLD}/services" ;;
  *"http://docker/configs/create"*) cat >/dev/null && echo '{"ID":"lease"}' ;;
  *http://docker/configs/metals-deploy-lease*) echo '{"ID":"lease","Version":{"Index":1},"Spec":{"Labels":{"com.metals.lease.command":"unknown"}}}' ;;
  *http://docker/configs*) cat "${WORLD}/configs" ;;
  *) echo '[]' ;;
esac
EOS
  stub docker <<'EOS'
[[ $1 == service && $2 == update ]] || exit 0
shift 2
name=${*: -1} change=.
while (($# > 1)); do
  case $1 in
    --replicas) change+="|.Mode.Replicated.Replicas=$2" && shift ;;
    --label-add) change+="|.Labels[\"${2%%=*}\"]=\"${2#*=}\"" && shift ;;
    --replicas-max-per-node) change+="|.TaskTemplate.Placement.MaxReplicas=$2" && shift ;;
    --update-order) change+="|.UpdateConfig.Order=\"$2\"" && shift ;;
    --rollback-order) shift ;;
  esac
  shift
done
jq "(.[] | select(.Spec.Name == \"${name}\")) |= ((.Spec |= (${change})) | del(.UpdateStatus))" "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services"
EOS
}

scale() { # REPLICAS [DRY_RUN]
  export SSM_Stage=lab SSM_Replicas=$1 SSM_DryRun=${2:-false} SSM_TimeoutSeconds=0
  run --separate-stderr bash "$(assemble service-scale)"
}

assert_stderr() { # TEXT
  [[ ${stderr} == *"$1"* ]] || { echo "not on stderr: $1; stderr: ${stderr}" && return 1; }
}

# Replicas, most on a node, order, and the two numbers that are remembered.
has() { # SERVICE
  jq -r --arg name "metals_$1" '.[].Spec | select(.Name == $name)
    | [.Mode.Replicated.Replicas, .TaskTemplate.Placement.MaxReplicas // "-", .UpdateConfig.Order, .Labels["com.metals.scale.from"] // "-", .Labels["com.metals.scale.to"] // "-"] | join(" ")' "${WORLD}/services"
}

changed() { # SERVICE CHANGE in jq
  jq "(.[] | select(.Spec.Name == \"metals_$1\")) |= ($2)" "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services"
}

@test "both are scaled, spread over the workers, and what the deployment says is remembered" {
  swarm
  scale producer=5,processor=3
  assert_status 0
  [[ $(has producer) == '5 3 stop-first 2 5' ]]
  [[ $(has processor) == '3 - stop-first 1 3' ]]
  [[ ${output} == '{"scaled":true,"services":[{"name":"processor","from":1,"to":3,"deployed":1},{"name":"producer","from":2,"to":5,"deployed":2}]}' ]]
  assert_call "config rm lease"
}

@test "a second time nothing is changed, and back at what the deployment says nothing is remembered" {
  swarm
  scale producer=5
  : >"${CALLS}"
  scale producer=5
  assert_status 0
  [[ ${output} == *'"scaled":false'*'"from":5,"to":5,"deployed":2'* ]]
  refute_call "service update"
  scale producer=2
  [[ $(has producer) == '2 1 stop-first  ' ]]
}

@test "a single producer has no limit on a node, and starts its next one first" {
  swarm
  scale producer=1
  [[ $(has producer) == '1 0 start-first 2 1' ]]
}

@test "what is asked without a number, or only tried, changes nothing and takes no lease" {
  swarm
  scale none true
  assert_status 0
  [[ ${output} == *'"scaled":false'*'"name":"producer","from":2,"to":2,"deployed":2'* ]]
  scale producer=5 true
  [[ ${output} == *'"scaled":false'*'"from":2,"to":5,"deployed":2'* ]]
  refute_call "service update"
  refute_call configs/create
}

@test "without room nothing is changed, and each node says what it lacks" {
  swarm
  changed producer '.Spec.TaskTemplate.Resources.Reservations.MemoryBytes = 3221225472'
  scale producer=3,processor=2
  assert_status 1
  assert_stderr "service producer: no room for 1 of 3 tasks, each of 3072 MiB of memory and 0 CPUs: worker-1 lacks"
  assert_stderr "error: the Swarm has no room for producer=3,processor=2; nothing was changed"
  refute_call "service update"
}

@test "a worker that is away leaves no room for what is spread over both" {
  swarm
  jq 'map(if .Spec.Labels["metals.slot"] == "worker-2" then .Status.State = "down" else . end)' "${WORLD}/nodes" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/nodes"
  scale producer=4
  assert_status 1
  assert_stderr "service producer: no room for 2 of 4 tasks, each of 256 MiB of memory and 0 CPUs: worker-1 may have no more than 2 of them"
}

@test "replicas that do not become healthy: why, and how to go back" {
  swarm
  export TASKS_ARE=pending
  scale producer=3
  assert_status 1
  assert_stderr "error: service producer was scaled, and its replicas are not healthy within 0 s: producer 0/3"
  assert_stderr "or go back: metals scale producer=2 --stage lab"
  assert_call "config rm lease"
}

@test "another service than those that are named stays as it is, though it was scaled by hand" {
  swarm
  scale processor=3
  changed processor '.Spec.Mode.Replicated.Replicas = 1'
  scale producer=5
  [[ $(has processor) == '1 - stop-first 1 3' ]]
}

@test "a number that was set by hand, where nothing is remembered, is taken for the deployment's" {
  swarm
  scale processor=3
  changed processor '.Spec.Labels["com.metals.scale.from"] = "" | .Spec.Labels["com.metals.scale.to"] = ""'
  scale processor=3
  [[ $(has processor) == '3 - stop-first  ' ]]
  changed processor '.Spec.Labels["com.metals.scale.from"] = "1" | .Spec.Labels["com.metals.scale.to"] = "2"'
  scale processor=3
  [[ $(has processor) == '3 - stop-first 1 3' ]]
}

@test "while a service is being updated it is not scaled; after one that was rolled back it is" {
  swarm
  for state in updating paused rollback_started rollback_paused; do
    changed producer ".UpdateStatus.State = \"${state}\""
    scale producer=3
    assert_status 1
    assert_stderr "error: service producer is being updated (${state})"
  done
  refute_call "service update"
  changed producer '.UpdateStatus.State = "rollback_completed"'
  scale producer=2
  assert_status 0
  assert_call "service update"
}

@test "a service that is not there, one that is named twice, and one that stands still are refused" {
  swarm
  scale producer=2,producer=3
  assert_status 1
  assert_stderr "error: a service is named twice: producer=2,producer=3"
  changed processor '.Spec.Labels["com.metals.rewind.replicas"] = "1"'
  scale producer=3
  assert_stderr "error: processor stands still for a rewind"
  echo '[]' >"${WORLD}/services"
  scale producer=3
  assert_stderr "error: service producer is not deployed on this Swarm"
  refute_call "service update"
}

@test "while a move between engines has not ended nothing is scaled" {
  swarm
  echo '[{"ID":"m","Spec":{"Name":"metals-move-1","Labels":{"com.metals.kafka":"own","com.metals.mongodb":"external"}}}]' >"${WORLD}/configs"
  scale producer=3
  assert_status 1
  assert_stderr "error: a move from one Kafka or MongoDB to another has not ended"
  refute_call "service update"
}

# What a deployment makes of it.
kept() { # DEPLOYED PRODUCERS, DEPLOYED PROCESSORS
  run_with_libraries "export METALS_PRODUCER_REPLICAS=$1 METALS_PROCESSOR_REPLICAS=$2 METALS_PRODUCER_MAX_PER_NODE=1 METALS_PRODUCER_UPDATE_ORDER=stop-first
    keep_scale 2>'${BATS_TEST_TMPDIR}/said'
    env | grep -E '^METALS_PRO(DUCER|CESSOR)_' | sort | sed 's/^METALS_//' | tr '\n' ' '
    echo '[{\"name\":\"producer\",\"replicas\":9},{\"name\":\"kafka\",\"replicas\":1}]' | scaled_needs"
  assert_status 0
}

@test "a deployment that says the same number keeps what an operator wants" {
  swarm
  scale producer=5,processor=3
  kept 2 1
  assert_output "PROCESSOR_REPLICAS=3 PROCESSOR_SCALED_FROM=1 PROCESSOR_SCALED_TO=3 PRODUCER_MAX_PER_NODE=3 PRODUCER_REPLICAS=5 PRODUCER_SCALED_FROM=2 PRODUCER_SCALED_TO=5 PRODUCER_UPDATE_ORDER=stop-first"
  assert_output '[{"name":"producer","replicas":5,"start_first":false},{"name":"kafka","replicas":1}]'
}

@test "a deployment that says another number has the last word" {
  swarm
  scale producer=5,processor=3
  kept 4 1
  assert_output "PROCESSOR_REPLICAS=3 "
  assert_output "PRODUCER_MAX_PER_NODE=1 PRODUCER_REPLICAS=4 PRODUCER_SCALED_FROM= PRODUCER_SCALED_TO= "
  grep -q "producer: 4 replicas, as this deployment says, no more 5, which an operator wanted in place of 2" "${BATS_TEST_TMPDIR}/said"
}

@test "it is kept while the processors stand still for something else, and with no stack at all there is nothing to keep" {
  swarm
  scale processor=3
  changed processor '.Spec.Mode.Replicated.Replicas = 0'
  kept 2 1
  assert_output "PROCESSOR_REPLICAS=3 "
  echo '[]' >"${WORLD}/services"
  kept 2 1
  assert_output "PROCESSOR_REPLICAS=1 PROCESSOR_SCALED_FROM= "
}

@test "a version that is deployed again, as the next one has failed, has what was wanted before that" {
  swarm
  scale producer=5
  run_with_libraries "export METALS_PRODUCER_REPLICAS=4 METALS_PROCESSOR_REPLICAS=1
    keep_scale
    jq '(.[].Spec.Labels) |= {}' '${WORLD}/services' >'${WORLD}/new' && mv '${WORLD}/new' '${WORLD}/services'
    export METALS_PRODUCER_REPLICAS=2
    (keep_scale && echo \"again \${METALS_PRODUCER_REPLICAS}\")"
  assert_output 'again 5'
}

@test "a manager that does not answer fails the deployment, rather than forget a number" {
  swarm
  stub curl <<<'exit 22'
  run_with_libraries 'export METALS_PRODUCER_REPLICAS=2; keep_scale; echo forgotten'
  [[ ${status} != 0 && ${output} != *forgotten* ]]
}
