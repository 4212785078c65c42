#!/usr/bin/env bats
# The functions of assets/documents/lib/brokers.sh: which cluster there is, and which broker may be changed.
load helpers

ID=haPachdJZeUVdarW1tqUGA

# What Docker answers: API as files, logs of jobs as LOG_<job>.
setup_swarm() {
  export API="${BATS_TEST_TMPDIR}/api" RELEASE="${BATS_TEST_TMPDIR}"
  mkdir -p "${API}"
  stub curl <<'EOF'
for argument in "$@"; do [[ ${argument} == http://docker/* ]] && url=${argument}; done
path=${url#http://docker/}
cat "${API}/${path//\//_}"
EOF
  stub docker <<'EOF'
case "$*" in
  'service logs --raw metals_'*) name=${*: -1} && name=${name#metals_} && cat "${API}/log-${name}" ;;
  'config create'*) cat >"${API}/config" ;;
esac
EOF
  echo '[]' | tee "${API}/configs" "${API}/services" "${API}/nodes" "${API}/networks" >/dev/null
  echo '[{"Status":{"State":"complete"}}]' >"${API}/tasks"
  for job in look-1 look-2 look-3; do echo 'cluster none' >"${API}/log-${job}"; done
  echo "cluster ${ID}" >"${API}/log-form"
}

find_it() { # BROKERS
  run_with_libraries "SSM_Stage=lab METALS_KAFKA_BROKERS=$1 RELEASE=${RELEASE}
export METALS_KAFKA_BROKERS; find_cluster; echo \"id=\${METALS_KAFKA_CLUSTER_ID}\""
}

@test "a broker that was always alone has no cluster to be told" {
  setup_swarm
  find_it 1
  assert_status 0
  assert_output 'id='
  [[ ${output} != *id=?* ]]
  refute_call 'stack deploy'
}

@test "the cluster that the Swarm remembers is taken, and no volume is asked" {
  setup_swarm
  echo "[{\"Spec\":{\"Labels\":{\"com.metals.kafka-cluster\":\"${ID}\"}}}]" >"${API}/configs"
  find_it 3
  assert_output "id=${ID}"
  refute_call 'stack deploy'
  find_it 1
  assert_output "id=${ID}"
}

@test "where no volume holds one, a cluster is formed, and remembered" {
  setup_swarm
  find_it 3
  assert_status 0
  assert_output "id=${ID}"
  assert_call 'stack deploy --resolve-image never -c form.yml metals'
  assert_call 'stack deploy --resolve-image never -c form-new.yml metals'
  assert_call "config create --label com.metals.kafka-cluster=${ID} metals-kafka-cluster -"
  assert_call 'service rm metals_look-3'
  assert_call 'service rm metals_form'
}

@test "a Swarm that was made anew takes the cluster that a volume holds: none is formed beside it" {
  setup_swarm
  echo "cluster ${ID}" >"${API}/log-look-2"
  find_it 3
  assert_output "id=${ID}"
  refute_call form-new.yml
  assert_call 'config create'
}

@test "volumes of several clusters are told, and nothing is formed or remembered" {
  setup_swarm
  echo "cluster ${ID}" >"${API}/log-look-1"
  echo 'cluster OTHER' >"${API}/log-look-3"
  find_it 3
  assert_status 1
  assert_output "the brokers' volumes hold parts of several clusters: OTHER ${ID}"
  assert_output 'next: bring back the volumes that belong together'
  refute_call form-new.yml
  refute_call 'config create'
}

@test "a volume that cannot be asked is no empty volume" {
  setup_swarm
  echo 'entrypoint: /run/secrets/kafka-password-admin is missing' >"${API}/log-look-3"
  find_it 3
  assert_status 1
  assert_output 'look-3 does not say which cluster its volume is of: entrypoint: /run/secrets/kafka-password-admin is missing'
  refute_call form-new.yml
}

services() { # IMAGE of kafka-2
  jq -n --arg image "$1" '[["kafka", "k1"], ["kafka-2", $image], ["kafka-3", "k3"]] | map({ID: .[0], Spec: {Name: "metals_\(.[0])",
    Mode: {Replicated: {Replicas: 1}}, TaskTemplate: {ContainerSpec: {Image: .[1]}}}})' >"${API}/services"
  echo '[{"ID":"n","Description":{"Hostname":"n","Engine":{}},"Spec":{"Role":"worker","Labels":{}},"Status":{"State":"ready"}}]' >"${API}/nodes"
  jq '[.[] | {ID: ("t" + .ID), ServiceID: .ID, NodeID: "n", DesiredState: "running", Status: {State: "running"}, Spec: {ContainerSpec: .Spec.TaskTemplate.ContainerSpec}}]' "${API}/services" >"${API}/tasks"
}

# The tools' job and the wait for it have tests of their own: here it is only whether, and when, they are asked.
change_brokers() { # LINES before
  run_with_libraries "SSM_Stage=lab SSM_TimeoutSeconds=5 METALS_KAFKA_BROKERS=3 RELEASE=${RELEASE}
await_in_sync() { echo 'asked: in sync'; }
explain() { :; }
$1
deploy_brokers"
}

@test "brokers that are new are not waited for: the first of them is changed last" {
  setup_swarm
  change_brokers ''
  assert_status 0
  assert_call 'stack deploy --resolve-image never -c stack.broker-2.yml metals'
  assert_call 'stack deploy --resolve-image never -c stack.broker-3.yml metals'
  refute_call stack.broker-1.yml
  [[ ${output} != *'in sync'* ]]
}

@test "brokers that do not change are asked once whether they are in sync" {
  setup_swarm && services k2
  change_brokers ''
  assert_status 0
  [[ $(grep -c 'asked: in sync' <<<"${output}") == 1 ]]
}

@test "the next broker is not touched before the one that changed is back and in sync" {
  setup_swarm && services k2
  # Docker makes the new task at once.
  change_brokers "deploy_files() { echo \"deployed: \$1\"; [[ \$1 != stack.broker-2.yml ]] || sed -i s/k2/k2new/ '${API}/services' '${API}/tasks'; }"
  assert_status 0
  [[ $(grep -E '^(asked|deployed)' <<<"${output}" | tr '\n' ' ') == 'asked: in sync deployed: stack.broker-2.yml asked: in sync deployed: stack.broker-3.yml ' ]]
}

@test "a broker that does not come back stops the change of the others" {
  setup_swarm && services k2
  change_brokers "deploy_files() { echo \"deployed: \$1\"; sed -i s/k2/k2new/ '${API}/services'; }"
  assert_status 1
  assert_output 'kafka-2 did not converge; the brokers after it were not changed'
  [[ ${output} != *'deployed: stack.broker-3.yml'* ]]
}

@test "where a broker is away, what is to bring it back is not kept waiting" {
  setup_swarm && services k2
  jq '[.[] | select(.ServiceID != "kafka-3")]' "${API}/tasks" >"${API}/tasks.new" && mv "${API}/tasks.new" "${API}/tasks"
  change_brokers ''
  assert_status 0
  [[ ${output} != *'in sync'* ]]
}
