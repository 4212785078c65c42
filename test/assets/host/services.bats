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

# docker with these tasks; the newest container of Kafka has this setting, and in-sync.sh in what runs of it does COMMAND.
tasks_are() { # LINES [SETTING [ID of the running container [COMMAND]]]
  local can=0 listed=true
  [[ ${4:-} != none ]] || can=1
  [[ -z ${2:-} ]] || listed='printf %s\\n c-1 c-0'
  printf '%s' "${1:+$1$'\n'}" >"${BATS_TEST_TMPDIR}/tasks"
  stub docker <<EOF
case "\$*" in
  "ps -a --filter label=com.docker.swarm.service.name=metals_producer "*) awk '\$1 == "metals_producer" { print \$2 }' "${BATS_TEST_TMPDIR}/tasks" ;;
  "ps -a "*) cat "${BATS_TEST_TMPDIR}/tasks" ;;
  "ps -aq "*) ${listed} ;;
  "inspect "*" c-1") printf '%s\n' KAFKA_HEAP=1 "${2:-}" ;;
  "ps -q "*) echo ${3:-} ;;
  "exec ${3:-none} test -e /opt/metals/in-sync.sh") exit ${can} ;;
  "exec ${3:-none} /bin/bash /opt/metals/in-sync.sh") ${4:-true} ;;
esac
EOF
}
readonly MEMBER=METALS_KAFKA_CLUSTER_ID=Q2x1c3RlcklkMTIzNDU2Nw

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

@test "a producer that ran here before is waited for, with all that is healthy without it" {
  update UPDATE_IN_PROGRESS
  tasks_are "${AFTER_BOOT}"
  boot producer_is_back
  assert_status 1
  assert_output "the producer that ran here has not come back"
  tasks_are "metals_producer running 0 Up 2 seconds (health: starting)
${AFTER_BOOT}"
  boot producer_is_back
  assert_status 0
  tasks_are "metals_edge exited 0 Exited (255) 8 seconds ago"
  boot producer_is_back
  assert_status 0
}

@test "one that has not come back in time runs elsewhere" {
  update UPDATE_IN_PROGRESS
  tasks_are "metals_mongodb running 1 Up 6 seconds (healthy)
metals_edge running 0 Up 5 seconds (healthy)
${AFTER_BOOT}"
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
  assert_output "it runs elsewhere"
}

@test "a producer that has moved elsewhere is no task that is not healthy" {
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
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
  assert_output "waiting for the tasks of this node: not within 1 s: metals_mongodb runs no task yet"
  assert_output "going on without it: metals status tells more"
}

readonly RUNS='metals_kafka-2 running 2 Up 9 seconds (healthy)'

@test "a broker of several that lags ends the update, before the next one goes; its own node stays" {
  update UPDATE_IN_PROGRESS
  tasks_are "${RUNS}" "${MEMBER}" c-1 'echo "5 partitions are not in sync on broker 2"; exit 1'
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 1
  assert_output "waiting for the broker to be in sync: not within 1 s: 5 partitions are not in sync on broker 2"
  assert_output "the next slot is not touched"
}

@test "a broker of several that does not run does so, too" {
  update UPDATE_IN_PROGRESS
  tasks_are 'metals_edge running 0 Up 5 seconds (healthy)' "${MEMBER}"
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 1
  assert_output "waiting for the broker to be in sync: not within 1 s: no broker runs yet"
}

@test "a rollback goes on in any case" {
  update UPDATE_ROLLBACK_IN_PROGRESS
  tasks_are "${RUNS}" "${MEMBER}" c-1 'echo "5 partitions are not in sync"; exit 1'
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
  assert_output "the deployment is being rolled back"
}

@test "a broker that is alone is not asked, nor one whose image cannot tell" {
  update UPDATE_IN_PROGRESS
  tasks_are "${RUNS}" METALS_KAFKA_CLUSTER_ID= c-1 'exit 1'
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
  tasks_are "${RUNS}" "${MEMBER}" c-1 none
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
}

@test "a boot ends well whose node is ready though the update must not go on, and says FAILURE" {
  grep -qx 'if await_services; then signal SUCCESS; else signal FAILURE; fi' "${ROOT}/assets/host/boot.sh"
}

@test "outside an update nothing is waited for" {
  stub aws <<<'echo CREATE_IN_PROGRESS'
  tasks_are "${AFTER_BOOT}"
  boot "GROUP_STATUS=\$(group_status); await_services"
  assert_status 0
  refute_call docker
}
