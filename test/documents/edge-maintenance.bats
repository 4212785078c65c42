#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are of bats
bats_require_minimum_version 1.5.0
load helpers

# A Swarm with one node whose edge changes as `docker service update` says, and its task with it.
swarm() { # [ENVIRONMENT of the edge as JSON]
  export WORLD="${BATS_TEST_TMPDIR}/world"
  mkdir -p "${WORLD}"
  jq -n --argjson env "${1-[\"METALS_EDGE_DRAIN_SECONDS=0\",\"METALS_EDGE_MAINTENANCE=\",\"METALS_Z=1\"]}" \
    '[{ID: "s1", Version: {Index: 4}, Spec: {Name: "metals_edge", Mode: {Global: {}}, Labels: {}, TaskTemplate: {ContainerSpec: {Image: "e@sha256:1", Env: $env}}}}]' >"${WORLD}/services"
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true,"NodeID":"n1"}}' ;;
  *http://docker/nodes*) echo '[{"ID":"n1","Spec":{"Role":"manager","Availability":"active","Labels":{"metals.slot":"manager-1"}},"Description":{"Hostname":"a","Engine":{}},"Status":{"State":"ready"}}]' ;;
  *"POST"*"http://docker/services/s1/update?version=4"*) jq --argjson spec "$(cat)" '.[0].Spec = $spec | del(.[0].UpdateStatus)' "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services" ;;
  *http://docker/services*) cat "${WORLD}/services" ;;
  *http://docker/tasks*) jq -c --arg state "${TASKS_ARE:-running}" '[.[] | {ID: "t1", ServiceID: .ID, NodeID: "n1", DesiredState: "running", Spec: {ContainerSpec: .Spec.TaskTemplate.ContainerSpec}, Status: {State: $state}}]' "${WORLD}/services" ;;
  *"http://docker/configs/create"*) cat >/dev/null && echo '{"ID":"lease"}' ;;
  *http://docker/configs/metals-deploy-lease*) echo '{"ID":"lease","Version":{"Index":1},"Spec":{"Labels":{"com.metals.lease.command":"unknown"}}}' ;;
  *) echo '[]' ;;
esac
EOS
  stub docker <<<'exit 0'
}

maintenance() { # STATE [MESSAGE]
  export SSM_Stage=lab SSM_State=$1 SSM_Message=${2:-later} SSM_TimeoutSeconds=0
  run --separate-stderr bash "$(assemble edge-maintenance)"
}

assert_stderr() { # TEXT
  [[ ${stderr} == *"$1"* ]] || { echo "not on stderr: $1; stderr: ${stderr}" && return 1; }
}

@test "on gives every edge the message, off takes it away, and ask changes nothing" {
  swarm
  maintenance on 'back at 14:00 UTC'
  assert_status 0
  [[ ${output} == '{"changed":true,"message":"back at 14:00 UTC"}' ]]
  # In the order that docker stack deploy gives it, or the next deployment would begin every edge anew.
  [[ $(jq -c '.[0].Spec.TaskTemplate.ContainerSpec.Env' "${WORLD}/services") == '["METALS_EDGE_DRAIN_SECONDS=0","METALS_EDGE_MAINTENANCE=back at 14:00 UTC","METALS_Z=1"]' ]]
  assert_call "config rm lease"
  : >"${CALLS}"
  maintenance ask
  [[ ${output} == '{"changed":false,"message":"back at 14:00 UTC"}' ]]
  maintenance on 'back at 14:00 UTC'
  [[ ${output} == '{"changed":false,"message":"back at 14:00 UTC"}' ]]
  refute_call "update?version"
  maintenance off
  [[ ${output} == '{"changed":true,"message":null}' ]]
  maintenance ask
  [[ ${output} == '{"changed":false,"message":null}' ]]
}

@test "asking takes no lease" {
  swarm
  maintenance ask
  assert_status 0
  refute_call configs/create
}

@test "an edge that knows of no maintenance is not told of it" {
  swarm '["METALS_EDGE_DRAIN_SECONDS=0"]'
  maintenance on
  assert_status 1
  assert_stderr "error: the edge that is deployed on this Swarm knows of no maintenance"
  assert_stderr "next: metals deploy --stage lab"
  refute_call "update?version"
}

@test "edges that do not take it up in time: how many have" {
  swarm
  export TASKS_ARE=starting
  maintenance on
  assert_status 1
  assert_stderr "error: not every edge has the change within 0 s: edge 0/1"
  assert_call "config rm lease"
}

update_is() { # STATE
  jq --arg state "$1" '.[0].UpdateStatus = {State: $state}' "${WORLD}/services" >"${WORLD}/new" && mv "${WORLD}/new" "${WORLD}/services"
}

@test "while the edge is being updated nothing is changed: what it would go back to would be lost" {
  swarm
  for state in updating paused rollback_started rollback_paused; do
    update_is "${state}"
    maintenance on
    assert_status 1
    assert_stderr "error: the edge is being updated (${state})"
  done
  refute_call "update?version"
}

@test "after an update that was rolled back it can be set, and taken away" {
  swarm
  update_is rollback_completed
  maintenance off
  assert_status 0
  [[ ${output} == '{"changed":false,"message":null}' ]]
  assert_call "update?version=4"
  update_is rollback_completed
  maintenance on
  assert_status 0
}

@test "a deployment keeps it, and begins without" {
  swarm '["METALS_EDGE_MAINTENANCE=a=b later"]'
  # shellcheck disable=SC2016 # expanded there
  run_with_libraries 'keep_maintenance 2>/dev/null; echo "<${METALS_EDGE_MAINTENANCE}>"'
  assert_output '<a=b later>'
  echo '[]' >"${WORLD}/services"
  # shellcheck disable=SC2016 # expanded there
  run_with_libraries 'keep_maintenance; echo "<${METALS_EDGE_MAINTENANCE}>"'
  assert_output '<>'
}
