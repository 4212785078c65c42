#!/usr/bin/env bats
# Every document, killed before its commands: what an earlier run left is removed by the next.
load helpers

STATES="${ROOT}/test/documents/states"

document() { # NAME
  SCRIPT="${BATS_TEST_TMPDIR}/$1.sh"
  {
    echo '#!/bin/bash'
    cat "${ROOT}"/assets/documents/lib/*.sh "${ROOT}"/assets/host/lib/{esp,wait}.sh "${ROOT}/assets/documents/$1/run.sh"
  } >"${SCRIPT}"
  prove "$1"
}

# A node whose boot is over, with a Docker as node-prepare expects it.
node() { # SLOT SWARM'S STATE [CONTROL]
  export AWS_SSM_REGION_NAME=eu-west-1 AWS_SSM_INSTANCE_ID=i-new SSM_Stage=lab
  unset AWS_REGION
  printf 'METALS_STAGE=lab\nMETALS_SLOT=%s\nMETALS_ROLE=%s\nMETALS_DATA_VOLUME_ID=vol-0123\nMETALS_REGISTRY=%s\nMETALS_DOCKER_BRIDGE_CIDR=172.26.0.0/16\nMETALS_GATEWAY_BRIDGE_CIDR=172.27.0.0/16\n' \
    "$1" "${1%-*}" 123456789012.dkr.ecr.eu-west-1.amazonaws.com >"${METALS_NODE_FILE}"
  jq -cn --arg root "${HOST}" --arg state "$2" --argjson control "${3:-false}" '{
    DockerRootDir: $root, SecurityOptions: ["name=no-new-privileges"], ServerVersion: "25", NCPU: 2, MemTotal: 4294967296,
    Swarm: {LocalNodeState: $state, ControlAvailable: $control, NodeID: "n1", Error: "",
      Cluster: {ID: "c1", DefaultAddrPool: ["10.20.0.0/16"]}}}' >"${WORLD}/swarm/info"
  touch "${WORLD}/units/metals-boot.service.active"
}

# A stack with secrets, each service with one task that runs.
stack() {
  local service id
  record services ID "${STATES}/services-with-secrets.json" \
    'map(.Spec.Mode //= {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}})'
  for service in "${WORLD}"/swarm/services/*; do
    id=${service##*/}
    jq -c '{ID: "task-\(.ID)", ServiceID: .ID, NodeID: "n2", DesiredState: "running", Spec: {ContainerSpec: .Spec.TaskTemplate.ContainerSpec},
      Status: {State: (if .Spec.Mode.ReplicatedJob then "complete" else "running" end), Timestamp: "2026-11-26T10:02:00Z"}}' \
      "${service}" >"${WORLD}/swarm/tasks/task-${id}"
  done
}

manager() {
  node manager-1 active true
  record nodes ID "${STATES}/swarm/nodes.json"
  record networks Name "${STATES}/swarm/networks.json"
}

secrets_manager() {
  export SECRETS="${BATS_TEST_TMPDIR}/secrets-manager"
  mkdir -p "${SECRETS}"
  secret api-key aaaaaaaa-0000 api-key-in-clear
  secret kafka-password bbbbbbbb-0000 '{"admin":"kafka-in-clear-1","producer":"kafka-in-clear-2","processor":"kafka-in-clear-3"}'
  secret mongodb-password cccccccc-0000 '{"processor":"mongodb-in-clear"}'
}

secret() { # NAME VERSION STRING
  jq -n --arg v "$2" '{VersionIdsToStages: {($v): ["AWSCURRENT"], "ffffffff-0000": ["AWSPREVIOUS"]}}' >"${SECRETS}/$1.versions"
  jq -n --arg s "$3" '{SecretString: $s}' >"${SECRETS}/$1.value"
}

job_prints() { # LINES
  export JOB_OUTPUT="${BATS_TEST_TMPDIR}/job"
  printf '%s\n' "$@" >"${JOB_OUTPUT}"
}

# An old secret, as Docker lists it.
old_object() { # KIND NAME LABEL
  jq -cn --arg name "$2" --arg key "${3%%=*}" --arg value "${3#*=}" '{ID: "id-\($name)", Spec: {Name: $name, Labels: {($key): $value}}}' >"${WORLD}/swarm/$1/$2"
}

@test "every document has a test here" {
  for folder in "${ROOT}"/assets/documents/*/; do
    name=$(basename "${folder}")
    [[ ${name} == lib ]] || grep -q "document ${name}\$" "${BATS_TEST_FILENAME}" || { echo "not killed: ${name}" && return 1; }
  done
}

# A node that its boot has guarded, and that is told images.
prepared_node() {
  REPOSITORY=123456789012.dkr.ecr.eu-west-1.amazonaws.com/assets
  node worker-1 active
  touch "${WORLD}/kernel/raw-PREROUTING"
  metals-container-guard
  export DEVICE=/dev/null SSM_Images="edge=${REPOSITORY}:1,kafka=${REPOSITORY}:2"
  touch "${WORLD}/kernel/mounted"
}

@test "node-prepare" {
  prepared_node
  export SSM_Serving=no
  document node-prepare
}

@test "node-prepare, when another version serves" {
  prepared_node
  mkdir -p "${METALS_STATE_FOLDER}/images"
  local version
  for version in old before serving failed; do
    jq -cn --arg uri "${REPOSITORY}:${version}" '[{Id: "id-of-\($uri)", RepoTags: [$uri], RepoDigests: []}]' \
      >"${WORLD}/swarm/images/${REPOSITORY//\//_}:${version}"
  done
  for version in before serving; do echo "${REPOSITORY}:${version}" >"${METALS_STATE_FOLDER}/images/${version}"; done
  printf '%s\n' "${REPOSITORY}":{1,2,failed} >"${METALS_STATE_FOLDER}/images/attempted"
  jq -cn --arg image "id-of-${REPOSITORY}:old" '{Id: "c1", ImageID: $image, State: "exited", Labels: {"com.docker.swarm.task.id": "t1"}}' \
    >"${WORLD}/swarm/containers/c1"
  export SSM_Serving=yes
  document node-prepare
  [[ $(find "${WORLD}"/swarm/{images,containers} -type f -printf '%f\n' | sed 's/.*://' | sort | paste -sd ' ') == "1 2 serving" ]]
}

@test "swarm-init" {
  node manager-1 inactive
  export SSM_AddressPool=10.20.0.0/16 SSM_ManagerAddresses=10.40.3.11 SSM_Creates=yes
  document swarm-init
}

@test "swarm-join" {
  node worker-1 inactive
  printf '%s' "${WORKER_TOKEN}" >"${WORLD}/aws/parameters/_metals_lab_swarm_worker-token"
  printf '%s' 'initialised c1' >"${WORLD}/aws/parameters/_metals_lab_swarm_claim"
  export SSM_ManagerAddresses=10.40.3.11
  document swarm-join
}

# The only manager that is left of three.
left_alone() {
  node manager-1 active true
  jq -c '.Swarm += {NodeAddr: "10.40.3.11", RemoteManagers: [{Addr: "10.40.4.12:2377"}, {Addr: "10.40.5.13:2377"}]}' \
    "${WORLD}/swarm/info" >"${WORLD}/swarm/new" && mv "${WORLD}/swarm/new" "${WORLD}/swarm/info"
  touch "${WORLD}"/kernel/silent-{10.40.4.12,10.40.5.13} "${WORLD}/swarm/no-leader"
  printf '%s' 'initialised c1' >"${WORLD}/aws/parameters/_metals_lab_swarm_claim"
  echo '{"ID":"n1","ManagerStatus":{"Leader":true}}' >"${WORLD}/swarm/nodes/n1"
  mkdir -p "${METALS_SWARM_FOLDER}/certificates"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout /dev/null \
    -subj "/O=c1/OU=swarm-manager/CN=n1" -out "${METALS_SWARM_FOLDER}/certificates/swarm-node.crt" 2>/dev/null
  export METALS_RECOVERY_FILE="${HOST}/docker/metals-recovery"
}

@test "swarm-recover, the claim" {
  left_alone
  export SSM_Step=claim
  document swarm-recover
}

@test "swarm-recover, the recovery" {
  left_alone
  printf '%s' 'manager-1 vol-0123' >"${WORLD}/aws/parameters/_metals_lab_swarm_recovery_1"
  echo '1 claimed' >"${METALS_RECOVERY_FILE}"
  export SSM_Step=recover
  document swarm-recover
}

@test "swarm-label" {
  manager
  # A node that has joined without labels, and one that has lost its volume.
  jq -c '.Spec.Labels = {}' "${WORLD}/swarm/nodes/n2" >"${WORLD}/swarm/nodes/new" && mv "${WORLD}/swarm/nodes/new" "${WORLD}/swarm/nodes/n2"
  jq -c '.ID = "n9" | .Status.State = "down"' "${WORLD}/swarm/nodes/n2" >"${WORLD}/swarm/nodes/n9"
  export SSM_WaitSeconds=300 SSM_Labels='10.40.3.11=slot:manager-1;10.40.4.21=slot:worker-1,kafka;10.40.5.22=slot:worker-2,mongodb'
  document swarm-label
}

@test "secrets-sync" {
  manager && secrets_manager
  export SSM_Versions=none SSM_Secrets='api-key=metals/lab/api-key,kafka-password/admin=metals/lab/kafka-password,kafka-password/producer=metals/lab/kafka-password,mongodb-password/processor=metals/lab/mongodb-password'
  document secrets-sync
}

bundle() { # what differs from another one
  local folder="${BATS_TEST_TMPDIR}/bundle"
  mkdir -p "${folder}/config"
  jq 'map({name: .Name, subnet: .IPAM.Config[0].Subnet, encrypted: true, internal: .Internal})' "${STATES}/swarm/networks.json" >"${folder}/networks.json"
  echo "METALS_STAGE=lab" >"${folder}/settings.env"
  echo '[{"name":"api-key","secret_id":"metals/lab/api-key","keys":["api-key"]},
    {"name":"kafka-password","secret_id":"metals/lab/kafka-password","keys":["kafka-password/admin","kafka-password/processor"]}]' >"${folder}/secrets.json"
  echo '[{"name":"kafka","global":false,"replicas":1,"nano_cpus":250000000,"memory_bytes":536870912,"constraints":["node.labels.metals.kafka == true"],"start_first":false}]' >"${folder}/needs.json"
  echo 'services: {"setup-METALS_SETUP_HASH": {}}' >"${folder}/setup.yml"
  echo '{}' | tee "${folder}/stack.yml" "${folder}/stack.rotation.yml" >"${folder}/config/tools.yml"
  export BUNDLE="${BATS_TEST_TMPDIR}/bundle.tar.gz"
  # As lib/constructs/stack-bundle.ts packs it: without times.
  tar -czf "${BUNDLE}" --mtime=@0 -C "${folder}" .
  SSM_BundleSha256=$(sha256sum "${BUNDLE}" | cut -d ' ' -f 1)
  export SSM_BundleSha256
}

@test "stack-deploy" {
  manager && secrets_manager && bundle
  export NEW_STACK="${BATS_TEST_TMPDIR}/stack"
  stack && mkdir "${NEW_STACK}" && mv "${WORLD}"/swarm/{services,tasks} "${NEW_STACK}" && mkdir "${WORLD}"/swarm/{services,tasks} "${NEW_STACK}/configs"
  old_object configs metals_tools-0123 com.docker.stack.namespace=metals && mv "${WORLD}/swarm/configs/metals_tools-0123" "${NEW_STACK}/configs"
  rm "${WORLD}/swarm/networks/metals-backend"
  old_object secrets api-key-00000000 com.metals.pipeline=true
  old_object configs metals_old com.docker.stack.namespace=metals
  local n
  for n in 1 2 3; do mkdir -p "${METALS_STATE_FOLDER}/releases/000${n}" && touch -d "2026-11-0${n}" "${METALS_STATE_FOLDER}/releases/000${n}"; done
  # A run with another bundle was killed in its download, and one of an older version after it.
  touch "${METALS_STATE_FOLDER}/releases/"{9999.tar.gz.aB3dE6f8,8888.tar.gz}
  echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' >"${WORLD}/swarm/images/registry_repository:1"
  export SSM_BundleBucket=bucket SSM_BundleKey=key.tar.gz SSM_KafkaMode=kraft SSM_OverlayEncryption=probe
  export SSM_TimeoutSeconds=10 SSM_Versions=none SSM_OnlyWhen=always SSM_Images='edge=registry/repository:1'
  document stack-deploy
  [[ $(find "${METALS_STATE_FOLDER}/releases" -mindepth 1 -maxdepth 1 | wc -l) == 3 ]]
}

@test "stack-deploy, while one key replaces another" {
  manager && secrets_manager && bundle
  export NEW_STACK="${BATS_TEST_TMPDIR}/stack"
  stack && mkdir -p "${NEW_STACK}/configs" && cp -r "${WORLD}"/swarm/{services,tasks} "${NEW_STACK}"
  old_object configs metals_tools-0123 com.docker.stack.namespace=metals && mv "${WORLD}/swarm/configs/metals_tools-0123" "${NEW_STACK}/configs"
  local file
  for file in "${WORLD}"/swarm/{services,tasks}/*; do
    jq -c 'walk(if . == "api-key-aaaaaaaa" then "api-key-00000000" else . end)' "${NEW_STACK}/${file#"${WORLD}/swarm/"}" >"${file}"
  done
  grep -q api-key-aaaaaaaa "${NEW_STACK}/services/s1"
  old_object secrets api-key-00000000 com.metals.pipeline=true
  echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' >"${WORLD}/swarm/images/registry_repository:1"
  export SSM_BundleBucket=bucket SSM_BundleKey=key.tar.gz SSM_KafkaMode=kraft SSM_OverlayEncryption=probe
  export SSM_TimeoutSeconds=10 SSM_Versions=none SSM_OnlyWhen=always SSM_Images='edge=registry/repository:1'
  document stack-deploy
  grep -q 'stack.rotation.yml' "${CALLS}"
  [[ ! -e ${BATS_TEST_TMPDIR}/expected/swarm/secrets/api-key-00000000 ]]
}

@test "stack-status" {
  manager && stack
  document stack-status
}

@test "stack-remove" {
  manager && stack
  old_object configs metals_tools-0123 com.docker.stack.namespace=metals
  jq -c '.Spec.Labels["metals.kafka-mode"] = "kraft"' "${WORLD}/swarm/nodes/n2" >"${WORLD}/swarm/nodes/new" && mv "${WORLD}/swarm/nodes/new" "${WORLD}/swarm/nodes/n2"
  touch "${WORLD}/swarm/volumes/"{metals_kafka-data-kraft,metals_mongodb-data,other}
  export SSM_RemoveData=all
  document stack-remove
  [[ $(ls "${WORLD}/swarm/volumes") == other ]]
}

@test "service-logs" {
  manager && stack
  job_prints '2026-11-29T02:57:34.260081758Z metals_edge.0.zaj4@ip-10-40-4-12    | a line'
  export SSM_Services=all SSM_Since=2026-11-29T02:00:00Z SSM_Lines=200 SSM_Level=all SSM_Grep=none SSM_Node=all
  document service-logs
}

@test "smoke-test" {
  manager && stack
  job_prints '{"step":'{1..6}',"name":"n","ok":true,"value":"v","duration_ms":1}'
  document smoke-test
}

@test "dead-letters" {
  manager && stack
  job_prints '{"letter":{"offset":4,"reason":"not-json"}}' '{"end":{"low":0,"high":5,"total":1}}'
  export SSM_Action=list SSM_Offsets=none SSM_Reason=none SSM_SinceSeconds=none SSM_From=none SSM_Before=none SSM_Limit=20 SSM_DryRun=true
  document dead-letters
}

@test "events-rewind" {
  manager && stack
  job_prints '{"rewound":true,"records":7,"partitions":[[0,"9","2"]]}'
  export SSM_Since=all SSM_DryRun=false
  document events-rewind
}

@test "service-scale" {
  manager && stack
  # To one of each, as this world has one task of a service.
  local service
  for service in "${WORLD}"/swarm/services/*; do
    jq -c 'if .Spec.Mode.Replicated then .Spec.Mode.Replicated.Replicas = 2 else . end' "${service}" >"${WORLD}/new" && mv "${WORLD}/new" "${service}"
  done
  export SSM_Replicas=producer=1,processor=1 SSM_DryRun=false SSM_TimeoutSeconds=300
  document service-scale
}

@test "edge-maintenance" {
  manager && stack
  jq -cn '{ID: "edge", Version: {Index: 7}, Spec: {Name: "metals_edge", Mode: {Global: {}}, Labels: {"com.docker.stack.namespace": "metals"}, TaskTemplate: {ContainerSpec: {Env: ["METALS_EDGE_MAINTENANCE="]}}}}' >"${WORLD}/swarm/services/edge"
  jq -c '{ID: "task-edge", ServiceID: .ID, NodeID: "n1", DesiredState: "running", Spec: {ContainerSpec: .Spec.TaskTemplate.ContainerSpec}, Status: {State: "running"}}' \
    "${WORLD}/swarm/services/edge" >"${WORLD}/swarm/tasks/task-edge"
  # One node takes tasks, as this world has one of a service.
  local node
  for node in "${WORLD}"/swarm/nodes/*; do
    jq -c 'if .ID == "n1" then . else .Spec.Availability = "drain" end' "${node}" >"${WORLD}/new" && mv "${WORLD}/new" "${node}"
  done
  export SSM_State=on SSM_Message='back at 14:00 UTC' SSM_TimeoutSeconds=300
  document edge-maintenance
}

@test "stack-validate" {
  manager && stack
  job_prints '{"checks":[{"subject":"topic a","expected":"1","actual":"1","ok":true}]}'
  document stack-validate
}

@test "swarm-evidence" {
  manager && stack
  document swarm-evidence
}

@test "swarm-events" {
  manager && stack
  export SSM_Since=9999999
  document swarm-events
}

@test "node-use" {
  manager && stack
  jq -c '.[]' "${STATES}/use/containers.json" | while read -r container; do
    echo "${container}" >"${WORLD}/swarm/containers/$(jq -r .Id <<<"${container}")"
  done
  document node-use
  [[ $(jq '.tasks | length' "${BATS_TEST_TMPDIR}/out") == "$(jq length "${STATES}/use/containers.json")" ]]
}

@test "node-evidence" {
  manager && stack
  document node-evidence
}

@test "swarm-leave on a manager" {
  manager && stack
  jq -c '.Spec.Role = "manager" | .ManagerStatus = {Reachability: "reachable", Addr: "10.40.5.22:2377"}' "${WORLD}/swarm/nodes/n3" >"${WORLD}/swarm/nodes/new" && mv "${WORLD}/swarm/nodes/new" "${WORLD}/swarm/nodes/n3"
  export SSM_Slot=worker-2 SSM_Address=10.40.5.22
  document swarm-leave
}

@test "swarm-leave on the node" {
  node worker-2 active
  export SSM_Slot=worker-2 SSM_Address=10.40.5.22
  document swarm-leave
}
