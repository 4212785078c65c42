#!/usr/bin/env bats
# Room for reservations, judged from what Docker's API answers about a Swarm on which all is well.
load helpers

STATES="${BATS_TEST_DIRNAME}/states/swarm"
GIB=1073741824

# One manager and two workers with 2 CPUs and 4 GiB each.
room() { # NEEDS as JSON [TASKS' CHANGE in jq [NODES' CHANGE]]
  {
    echo "$1"
    jq --argjson memory $((4 * GIB)) 'map(.Description.Resources = {NanoCPUs: 2000000000, MemoryBytes: $memory}) | '"${3:-.}" "${STATES}/nodes.json"
    jq "${2:-.}" "${STATES}/tasks.json"
    cat "${STATES}/services.json"
  } >"${BATS_TEST_TMPDIR}/input"
  run_with_libraries "room_problems <'${BATS_TEST_TMPDIR}/input'"
  assert_status 0
}

need() { # NAME CHANGE in jq
  jq -cn --arg name "$1" '{name: $name, global: false, replicas: 1, nano_cpus: 100000000, memory_bytes: 134217728, constraints: [], start_first: false}'" | $2"
}

# A task of another stack, on worker-1 unless told otherwise.
another() { # RESERVATIONS as JSON [STATE [NODE]]
  jq -cn --argjson reservations "$1" --arg state "${2:-running}" --arg node "${3:-n2}" \
    '{ID: "another", ServiceID: "of-another-stack", NodeID: $node, Status: {State: $state}, Spec: {Resources: {Reservations: $reservations}}}'
}

assert_told() { # LINE, or nothing
  [[ ${output} == "${1:-}" ]] || { echo "told: ${output}" && return 1; }
}

@test "a stack that fits has no problem, and its own tasks of now take no room from it" {
  room "[$(need edge '.global = true'),$(need kafka ".memory_bytes = 3 * ${GIB} | .constraints = [\"node.role == worker\"]")]" \
    "map(.Spec.Resources.Reservations = {MemoryBytes: (3 * ${GIB})})"
  assert_told
}

@test "a reservation that is larger than any node is named, with what each node lacks" {
  room "[$(need kafka ".memory_bytes = 640 * ${GIB} | .constraints = [\"node.role == worker\"]")]"
  assert_told "service kafka: no room for 1 of 1 tasks, each of 655360 MiB of memory and 0.1 CPUs: worker-1 lacks 651264 MiB of memory, worker-2 lacks 651264 MiB of memory"
}

@test "what others have reserved on a node is not there for this stack" {
  room "[$(need kafka ".memory_bytes = 3 * ${GIB} | .nano_cpus = 1500000000 | .constraints = [\"node.labels.metals.slot == worker-1\"]")]" \
    ". + [$(another "{\"MemoryBytes\": $((2 * GIB)), \"NanoCPUs\": 1000000000}"), $(another "{\"MemoryBytes\": ${GIB}}" shutdown)]"
  assert_told "service kafka: no room for 1 of 1 tasks, each of 3072 MiB of memory and 1.5 CPUs: worker-1 lacks 1024 MiB of memory and 0.5 CPUs"
}

@test "a service that starts its new task first needs room for one more, once it is there" {
  local needs
  needs="[$(need producer ".replicas = 2 | .memory_bytes = 3 * ${GIB} | .start_first = true | .constraints = [\"node.role == worker\"]")]"
  room "${needs}"
  assert_told "service producer: no room for 1 of 3 tasks (one of them while it is updated), each of 3072 MiB of memory and 0.1 CPUs: worker-1 lacks 2048 MiB of memory, worker-2 lacks 2048 MiB of memory"
  room "${needs/producer/newcomer}"
  assert_told
}

@test "a node takes no more tasks of a service than it may have" {
  local limited
  limited="$(need producer '.replicas = 3 | .max_per_node = 1 | .constraints = ["node.role == worker"]')"
  room "[${limited}]"
  assert_told "service producer: no room for 1 of 3 tasks, each of 128 MiB of memory and 0.1 CPUs: worker-1 may have no more than 1 of them, worker-2 may have no more than 1 of them"
  room "[${limited/max_per_node\":1/max_per_node\":2}]"
  assert_told
}

@test "a pinned service is placed before those that may run elsewhere" {
  room "[$(need mover ".memory_bytes = 3 * ${GIB} | .constraints = [\"node.role == worker\"]"),$(need pinned ".memory_bytes = 3 * ${GIB} | .constraints = [\"node.labels.metals.slot == worker-2\"]")]"
  assert_told
}

@test "a label that no node has is named, and a node that is down or drained does not count" {
  room "[$(need processor '.constraints = ["node.role == worker", "node.labels.metals.gpu == true"]')]"
  assert_told "service processor may run on no node that is ready and active: none has node.labels.metals.gpu == true"
  local needs change
  needs="[$(need processor '.constraints = ["node.labels.metals.slot == worker-1"]')]"
  room "${needs}"
  assert_told
  for change in '.Status.State = "down"' '.Spec.Availability = "drain"'; do
    room "${needs}" . "map(if .ID == \"n2\" then ${change} else . end)"
    assert_told "service processor may run on no node that is ready and active: none has node.labels.metals.slot == worker-1"
  done
}

@test "a constraint with != is met by every node that is otherwise" {
  room "[$(need edge '.global = true | .constraints = ["node.role != worker"]'),$(need other '.constraints = ["node.labels.metals.slot != manager-1"]')]"
  assert_told
}

@test "a global service has a task on each node, and only the full one is named" {
  room "[$(need edge ".global = true | .memory_bytes = ${GIB}")]" ". + [$(another "{\"MemoryBytes\": $((4 * GIB - 1048576))}" running n3)]"
  assert_told "service edge: no room for 1 of 3 tasks, each of 1024 MiB of memory and 0.1 CPUs: worker-2 lacks 1023 MiB of memory"
}
