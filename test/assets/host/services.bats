#!/usr/bin/env bats
# What the next slot of a deployment waits for on this node. Lines of `docker ps` as nodes of the lab have given them.
load helpers

readonly AFTER_BOOT='metals_edge exited 0 Exited (255) 8 seconds ago
metals_producer exited 0 Exited (255) 8 seconds ago
metals_mongodb exited 1 Exited (255) 8 seconds ago'

# A slot of an update that was in a Swarm; the stack is as the first argument says.
update() { # STACK STATUS
  mkdir -p "${METALS_DATA_ROOT}/swarm"
  echo '{}' >"${METALS_DATA_ROOT}/swarm/docker-state.json"
  stub aws <<EOF
case "\$*" in
  *describe-stack-resources*) echo UPDATE_IN_PROGRESS ;;
  *describe-stacks*) echo $1 ;;
esac
EOF
}

# docker with these tasks; the broker of CONTAINER is one of several, and in-sync.sh there does what the third argument says.
tasks_are() { # LINES [CONTAINER [COMMAND]]
  local alone=0
  [[ -n ${3:-} ]] || alone=1
  printf '%s' "${1:+$1$'\n'}" >"${BATS_TEST_TMPDIR}/tasks"
  stub docker <<EOF
case "\$*" in
  "ps -a "*) cat "${BATS_TEST_TMPDIR}/tasks" ;;
  "ps -q "*) echo ${2:-} ;;
  "exec ${2:-none} test -e "*) exit ${alone} ;;
  "exec ${2:-none} /bin/bash /opt/metals/in-sync.sh") ${3:-true} ;;
esac
EOF
}

@test "tasks of before are not those of now: one must run, and the one with a data volume" {
  update UPDATE_IN_PROGRESS
  tasks_are "${AFTER_BOOT}"
  boot tasks_are_healthy
  assert_status 1
  assert_output "metals_mongodb runs no task yet"
  tasks_are "$(head -n 2 <<<"${AFTER_BOOT}")"
  boot tasks_are_healthy
  assert_output "no task runs yet"
  tasks_are "metals_mongodb running 1 Up 2 seconds (health: starting)
${AFTER_BOOT}"
  boot tasks_are_healthy
  assert_output "a task of metals_mongodb is not healthy yet"
}

@test "a producer that has moved elsewhere is not waited for" {
  tasks_are "metals_mongodb running 1 Up 6 seconds (healthy)
metals_edge running 0 Up 5 seconds (healthy)
${AFTER_BOOT}"
  boot tasks_are_healthy
  assert_status 0
}

@test "without a stack there is nothing to wait for" {
  tasks_are ''
  boot tasks_are_healthy
  assert_status 0
}

@test "a task that does not become healthy is told, and keeps no deployment from what may mend it" {
  update UPDATE_IN_PROGRESS
  tasks_are "${AFTER_BOOT}"
  boot await_services
  assert_status 0
  assert_output "waiting for the tasks of this node: not within 1 s: metals_mongodb runs no task yet"
  assert_output "going on without it: metals status tells more"
}

@test "a broker of several that lags ends the update, before the next one goes" {
  update UPDATE_IN_PROGRESS
  tasks_are 'metals_kafka-2 running 2 Up 9 seconds (healthy)' c-1 'echo "5 partitions are not in sync, such as Topic: metals-prices"; exit 1'
  boot await_services
  assert_status 1
  assert_output "waiting for the brokers to be in sync: not within 1 s: 5 partitions are not in sync, such as Topic: metals-prices"
  assert_output "boot: error: the next slot is not touched"
}

@test "a rollback goes on in any case" {
  update UPDATE_ROLLBACK_IN_PROGRESS
  tasks_are 'metals_kafka-2 running 2 Up 9 seconds (healthy)' c-1 'echo "5 partitions are not in sync"; exit 1'
  boot await_services
  assert_status 0
  assert_output "the deployment is being rolled back"
}

@test "a broker that is alone is not asked" {
  update UPDATE_IN_PROGRESS
  tasks_are 'metals_kafka running 2 Up 9 seconds (healthy)' c-1
  boot await_services
  assert_status 0
  refute_call in-sync.sh$
}

@test "outside an update nothing is waited for" {
  stub aws <<<'echo CREATE_IN_PROGRESS'
  tasks_are "${AFTER_BOOT}"
  boot await_services
  assert_status 0
  refute_call docker
}
