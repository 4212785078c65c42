#!/usr/bin/env bats
load helpers

setup_leave() { # SLOT of the node that this runs on
  node_is "$1"
  export SSM_Slot=worker-3 SSM_Address=10.40.3.23
  export METALS_DEMOTE_TIMEOUT_SECONDS=1 METALS_DRAIN_TIMEOUT_SECONDS=1 METALS_DOWN_TIMEOUT_SECONDS=1
}

# A manager's view: the node n3 of the slot with this state and role, and its tasks until it is drained.
manager_sees() { # STATE ROLE TASK_STATE
  stub curl <<EOF
case "\$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *http://docker/nodes/n3*) echo '{"ID":"n3","Status":{"State":"$1"},"Spec":{"Role":"$2"}}' ;;
  *http://docker/nodes*) echo '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.3.11"},"Spec":{"Role":"manager"}},
    {"ID":"n3","Status":{"State":"$1","Addr":"10.40.3.23"},"Spec":{"Role":"$2"}}]' ;;
  *http://docker/tasks*) echo '[{"Status":{"State":"$3"}}]' ;;
esac
EOF
  stub docker </dev/null
}

# The node's own view.
node_sees() { # STATE CONTROL CONTAINERS
  stub curl <<EOF
case "\$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"$1","ControlAvailable":$2}}' ;;
esac
EOF
  stub docker <<EOF
case "\$*" in
  "ps -q "*) printf '%s' '$3' ;;
esac
EOF
}

@test "swarm-leave drains the slot's node and removes it, and no other" {
  setup_leave manager-1 && manager_sees down worker complete
  run_document swarm-leave
  assert_status 0
  assert_call "docker node update --availability drain n3"
  assert_call "docker node rm --force n3"
  refute_call "n1"
  refute_call "demote"
}

@test "swarm-leave does not wait for tasks of a node that is gone" {
  setup_leave manager-1 && manager_sees down worker running
  run_document swarm-leave
  assert_status 0
  assert_call "docker node rm --force n3"
  refute_call "http://docker/tasks"
}

@test "swarm-leave says which tasks would not end, and removes the node all the same" {
  setup_leave manager-1 && manager_sees ready worker running
  run_document swarm-leave
  assert_status 0
  assert_output "draining worker-3: not within 1 s: 1 tasks are left"
  assert_output "waiting for worker-3 to leave: not within 1 s: it is ready"
  assert_call "docker node rm --force n3"
}

# What was recorded as a manager of three left: a node that is demoted is Down for a moment, its tasks still running.
@test "swarm-leave demotes a manager once it is drained, because its tasks no longer count from then on" {
  setup_leave manager-1
  stub curl <<'EOF'
state=ready role=manager
[[ ! -e ${CALLS}.demoted ]] || { state=down role=worker; }
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *http://docker/nodes/n3*) echo '{"ID":"n3","Status":{"State":"'"${state}"'"},"Spec":{"Role":"'"${role}"'"}}' ;;
  *http://docker/nodes*) echo '[{"ID":"n3","ManagerStatus":{"Addr":"10.40.3.23:2377"},"Spec":{"Role":"manager"}}]' ;;
  *http://docker/tasks*)
    echo '[{"Status":{"State":"'"$([[ -e ${CALLS}.asked ]] && echo shutdown || echo running)"'"}}]'
    touch "${CALLS}.asked"
    ;;
esac
EOF
  stub docker <<<'[[ $* != "node demote n3" ]] || touch "${CALLS}.demoted"'
  run_document swarm-leave
  assert_status 0
  assert_output "draining worker-3: 1 tasks are left"
  local demoted
  demoted=$(grep -n 'node demote n3' "${CALLS}" | cut -d : -f 1)
  [[ $(grep -n 'http://docker/tasks' "${CALLS}" | tail -n 1 | cut -d : -f 1) -lt ${demoted} ]]
  [[ $(grep -n 'node rm --force n3' "${CALLS}" | cut -d : -f 1) -gt ${demoted} ]]
}

@test "swarm-leave has nothing to do for a node that the Swarm does not know" {
  setup_leave manager-1 && manager_sees down worker complete
  export SSM_Address=10.40.3.24
  run_document swarm-leave
  assert_status 0
  assert_output "no node has the address 10.40.3.24"
  refute_call "docker node"
}

@test "swarm-leave on the node leaves once no task is left" {
  setup_leave worker-3 && node_sees active false ''
  run_document swarm-leave
  assert_status 0
  assert_call "docker swarm leave --force"
}

@test "swarm-leave on the node waits for tasks, and leaves when time is over" {
  setup_leave worker-3 && node_sees active false $'c1\nc2\n'
  run_document swarm-leave
  assert_status 0
  assert_output "waiting for tasks to end: not within 1 s: 2 tasks are left"
  assert_call "docker swarm leave --force"
}

@test "swarm-leave on a manager waits for its tasks before it is demoted" {
  setup_leave worker-3 && node_sees active true $'c1\n'
  run_document swarm-leave
  assert_status 1
  assert_output "waiting for tasks to end: not within 1 s: 1 tasks are left"
}

@test "swarm-leave on a manager that is not demoted keeps its vote" {
  setup_leave worker-3 && node_sees active true ''
  run_document swarm-leave
  assert_status 1
  assert_output "waiting to be demoted: not within 1 s: it is a manager"
  refute_call "swarm leave"
}

@test "swarm-leave on a node that is in no Swarm has nothing to do" {
  setup_leave worker-3 && node_sees inactive false ''
  run_document swarm-leave
  assert_status 0
  assert_output "this node is in no Swarm"
  refute_call "swarm leave"
}

@test "swarm-leave never takes manager-1 out" {
  setup_leave manager-1 && manager_sees ready manager running
  export SSM_Slot=manager-1
  run_document swarm-leave
  assert_status 1
  assert_output "manager-1 holds the Swarm and cannot leave it"
  refute_call "docker node"
}
