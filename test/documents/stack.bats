#!/usr/bin/env bats
load helpers
load stack-helpers

status_of() { # JQ
  export SSM_Stage=lab
  bash "$(assemble stack-status)" | jq -r "$1"
}

@test "a task of an earlier specification is no replica of this one" {
  setup_api && service 2 ''
  { task t1 running p@sha256:2 n1 && task t2 running p@sha256:1 n2; } | jq -s . | api tasks
  [[ $(status_of '.services[0] | "\(.running)/\(.desired)"') == 1/2 ]]
}

@test "a running task on a node that is down is no replica" {
  setup_api && service 1 ''
  task t1 running p@sha256:2 n3 | jq -s . | api tasks
  [[ $(status_of '.services[0].running') == 0 ]]
}

@test "an unhappy service shows its tasks' errors and where they were" {
  setup_api && service 1 ''
  task t1 failed p@sha256:2 n2 'task: non-zero exit (1)' | jq -s . | api tasks
  [[ $(status_of '.services[0].problems[0] | "\(.node): \(.task_state): \(.error)"') == 'worker-1: failed: task: non-zero exit (1)' ]]
}

@test "an unhealthy container that ended gracefully is the problem of an update that was rolled back" {
  setup_api && service 1 rollback_completed
  {
    task t1 running p@sha256:2 n1
    task t2 complete p@sha256:3 n2 | jq '.DesiredState = "shutdown" | .Status.ContainerStatus.ExitCode = 0'
    task t3 shutdown p@sha256:3 n2 | jq '.DesiredState = "shutdown"'
  } | jq -s . | api tasks
  [[ $(status_of '.services[0].problems | map(.task_id) | join(",")') == t2 ]]
  [[ $(status_of '.services[0].problems[0].error') == "ended with exit code 0 though it should run on, as a container does that is stopped as unhealthy" ]]
}

@test "a network without a driver is not allocated" {
  setup_api
  api networks <<<'[{"Name":"metals-backend","Driver":"","IPAM":{"Config":null}}]'
  [[ $(status_of '.networks[0].allocated') == false ]]
}

@test "a global service wants a task on every node that is ready" {
  setup_api
  jq -n '[{ID:"s1",Spec:{Name:"metals_edge",Mode:{Global:{}},TaskTemplate:{ContainerSpec:{Image:"p@sha256:2"}}}}]' | api services
  task t1 running p@sha256:2 n1 | jq -s . | api tasks
  [[ $(status_of '.services[0] | "\(.running)/\(.desired)"') == 1/2 ]]
}

@test "stack-status names the secrets that services have, each once, and what the services say" {
  setup_api
  export SSM_Stage=lab
  cp "${BATS_TEST_DIRNAME}/states/swarm/services.json" "${API}/services"
  jq '(.[] | select(.Spec.Name | test("producer|edge")) | .Spec.TaskTemplate.ContainerSpec.Secrets) = [{SecretName: "api-key-0123abcd"}]' \
    "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  [[ $(status_of '.secrets | map(select(startswith("api-key"))) | join(",")') == api-key-0123abcd ]]
  [[ $(status_of '.health | map("\(.service) \(.status)") | join(",")') == 'processor none,producer none' ]]
}

@test "stack-status fails on a node that is no manager" {
  setup_api && export SSM_Stage=lab
  api info <<<'{"Swarm":{"LocalNodeState":"inactive","ControlAvailable":false}}'
  run_document stack-status
  assert_status 1
  assert_output "this node is no manager of a Swarm (state: inactive)"
}

@test "a bundle with another checksum is not unpacked" {
  setup_api && deploy_parameters
  export SSM_BundleSha256=0000000000000000000000000000000000000000000000000000000000000000
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "expected 0000000000000000"
  [[ ! -e ${METALS_STATE_FOLDER}/releases/000000000000/networks.json ]]
  refute_call "stack deploy"
}

@test "data without a labelled node is not deployed" {
  setup_api && deploy_parameters
  jq 'map(del(.Spec.Labels["metals.kafka"]))' "${API}/nodes" >"${API}/nodes.new" && mv "${API}/nodes.new" "${API}/nodes"
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "the label metals.kafka=true is on 0 nodes, expected on exactly one"
  refute_call "stack deploy"
}

@test "another Kafka mode than the data's is refused, with what to do" {
  setup_api && deploy_parameters
  export SSM_KafkaMode=zookeeper
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "was written in kraft mode and cannot be read in zookeeper mode"
  assert_output "RemoveData=kafka"
  refute_call "stack deploy"
}

@test "overlays that must be encrypted are not made on a kernel that cannot" {
  setup_api && deploy_parameters
  export SSM_OverlayEncryption=on
  stub ip <<<'exit 2'
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "cannot encrypt overlays"
  refute_call "network create"
}

@test "a network with another subnet is never changed in place" {
  setup_api && deploy_parameters
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","IPAM":{"Config":[{"Subnet":"10.99.0.0/24"}]},"Options":{}}'
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "network metals-backend has the subnet 10.99.0.0/24, expected 10.10.1.0/24"
  assert_output "metals-lab-stack-remove"
  refute_call "stack deploy"
}

collide() { # all networks, JSON on stdin
  deployable
  export METALS_ALLOCATION_TIMEOUT_SECONDS=0
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"","IPAM":{"Config":null}}'
  api networks
  run_document stack-deploy
  [[ ${status} != 0 ]]
  refute_call "stack deploy"
}

@test "a collision names the other network, its stack, and the command that mends it" {
  collide <"${ROOT}/test/documents/states/networks-that-collide.json"
  assert_output "network metals-backend is not allocated: its subnet 10.10.1.0/24 overlaps shop_default (10.10.0.0/16, of the stack shop), stray (10.10.1.128/25, of no stack)"
  assert_output "next: on a manager: docker network rm stray; docker stack rm shop, then deploy again"
}

@test "a collision with a network of Docker's own is mended in the configuration" {
  collide <<<'[{"Name":"ingress","Labels":{},"IPAM":{"Config":[{"Subnet":"10.0.0.0/8"}]}}]'
  assert_output "overlaps ingress (10.0.0.0/8, of the Swarm itself)"
  assert_output "next: give the network another range in the configuration, then deploy again"
}

@test "a collision with nothing that Docker lists says where to look" {
  collide <<<'[{"Name":"metals-frontend","IPAM":{"Config":[{"Subnet":"10.10.0.0/24"}]}}]'
  assert_output "no network that Docker lists here overlaps its subnet 10.10.1.0/24"
}

@test "a network with a way out where none should be is not used" {
  setup_api && deploy_parameters
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","Internal":false,"IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{}}'
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "network metals-backend is internal: false, expected true"
}

@test "a network is made with its subnet, encrypted and internal" {
  deployable
  export SSM_OverlayEncryption=on
  stub ip <<<'exit 0'
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","Internal":true,"IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{"encrypted":""}}'
  stub docker <<<'[[ $1 != network || $2 != inspect ]] || exit 1; [[ $1 != image ]] || echo "[{\"RepoDigests\":[\"registry/repository@sha256:1\"]}]"'
  run_document stack-deploy
  assert_call "network create --driver overlay --label com.metals.pipeline=true --subnet 10.10.1.0/24 --opt encrypted --internal metals-backend"
}

@test "an image that is not on the node is named" {
  setup_api && deploy_parameters
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","Internal":true,"IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{}}'
  stub docker <<'EOF'
[[ $1 != image ]] || { echo '[]'; exit 1; }
EOF
  run_document stack-deploy
  [[ ${status} != 0 ]]
  assert_output "the image of edge is not on this node: registry/repository:1"
  refute_call "stack deploy"
}

@test "a secret that nobody has synced is brought into the Swarm before the stack names it" {
  deployable
  run_document stack-deploy
  assert_status 0
  [[ $(cat "${STDIN}/secret") == k3y ]]
  grep -nE 'secret create .* api-key-aaaaaaaa -|stack deploy' "${CALLS}" | head -n 1 | grep -q 'secret create'
  grep -qx METALS_SECRET_VERSION_API_KEY=aaaaaaaa "${STDIN}/environment"
  [[ ${output} != *k3y* ]]
}

@test "the release that is deployed is kept, whatever the number of earlier ones; of those the newest two stay" {
  deployable
  local releases="${METALS_STATE_FOLDER}/releases" n
  for n in 1 2 3; do mkdir -p "${releases}/older${n}" && touch -d "2026-11-0${n}" "${releases}/older${n}"; done
  run_document stack-deploy
  assert_status 0
  [[ $(ls "${releases}") == "${SSM_BundleSha256:0:12}"$'\n'older2$'\n'older3 ]]
  grep -q METALS_STAGE=lab "${releases}/${SSM_BundleSha256:0:12}/settings.env"
}

@test "a security association that a killed probe has left is not taken for a kernel that cannot encrypt" {
  deployable
  export SSM_OverlayEncryption=on
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","Internal":true,"IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{"encrypted":""}}'
  touch "${CALLS}.association"
  stub ip <<'EOF'
case "$*" in
  *add*) [[ ! -e ${CALLS}.association ]] && touch "${CALLS}.association" || { echo 'RTNETLINK answers: File exists' >&2 && exit 2; } ;;
  *delete*) rm "${CALLS}.association" ;;
esac
EOF
  run_document stack-deploy
  assert_status 0
  [[ ! -e ${CALLS}.association ]]
}

@test "stack-remove waits for tasks and says which volumes are in use" {
  setup_api && export SSM_RemoveData=kafka
  stub docker <<'EOF'
case "$*" in
  "volume ls"*) echo metals_kafka-data-kraft ;;
  "volume rm"*) exit 1 ;;
esac
EOF
  run bash <(sed 's/wait_until 120/wait_until 0/' "$(assemble stack-remove)")
  [[ ${status} != 0 ]]
  assert_output "in use: metals_kafka-data-kraft"
}

@test "stack-remove does not wait for tasks of a node that is down" {
  setup_api && export SSM_RemoveData=none
  api networks <<<'[]'
  { task t1 running p@sha256:2 n3 && task t2 shutdown p@sha256:2 n1; } | jq -s . | api tasks
  run bash <(sed 's/wait_until 180/wait_until 0/' "$(assemble stack-remove)")
  assert_status 0
  task t1 running p@sha256:2 n1 | jq -s . | api tasks
  run bash <(sed 's/wait_until 180/wait_until 0/' "$(assemble stack-remove)")
  assert_status 1
  assert_output "1 tasks are left"
}

@test "what cannot be removed after a deployment does not fail it" {
  deployable
  api secrets <<<'[{"Spec":{"Name":"api-key-old"}}]'
  stub docker <<'EOF'
case "$*" in
  "image inspect"*) echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' ;;
  "secret rm"*) echo "secret is in use" >&2 && exit 1 ;;
esac
EOF
  run_document stack-deploy
  assert_status 0
  assert_output "secret api-key-old is not used any more, but could not be removed; the next deployment tries again"
  assert_output "the stack has converged"
}

@test "smoke-test before a deployment says so" {
  setup_api && export SSM_Stage=lab
  run_document smoke-test
  assert_status 1
  assert_output "nothing is deployed on this Swarm"
  assert_output "next: cdk deploy --all"
}

# A producer with these keys, on a Swarm on which stack-deploy reaches its end. What each deployment names is written down.
serving() { # API_KEY [OTHER] [the other key of its task, where that has one and its service has none]
  deployable
  local keys
  keys=$(keys_of "$1" "${2:-}")
  jq -n --argjson secrets "${keys}" --arg deployment "$(deployment)" '[{ID: "s1", CreatedAt: "1", Spec: {
      Name: "metals_producer", Labels: {"com.metals.deployment": $deployment}, Mode: {Replicated: {Replicas: 1}},
      TaskTemplate: {ContainerSpec: {Image: "p", Secrets: $secrets}}}}]' | api services
  [[ -z ${3:-} ]] || keys=$(keys_of "$1" "$3")
  task t1 running p n1 | jq --argjson secrets "${keys}" '.Spec.ContainerSpec.Secrets = $secrets' | jq -s . | api tasks
  stub docker <<'EOF'
case "$*" in
  "image inspect"*) echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' ;;
  "stack deploy"*) env | grep -E '^METALS_(RETIRE|SECRET_VERSION_API_KEY)' | sort | paste -sd ' ' >>"${STDIN}/deployments" ;;
esac
EOF
}

keys_of() { # API_KEY [OTHER]
  jq -cn --arg key "$1" --arg other "$2" '[{SecretName: "api-key-\($key)", File: {Name: "api-key"}}]
    + (if $other == "" then [] else [{SecretName: "api-key-\($other)", File: {Name: "api-key-other"}}] end)'
}

# shellcheck disable=SC2154 # of deploy_parameters
deployment() { echo "${SSM_BundleSha256} ${SSM_Images}" | sha256sum | cut -c 1-8; }

assert_deployments() { # RETIRE KEY OTHER of each, a line each
  local expected='' retire key other
  while read -r retire key other; do
    expected+="METALS_RETIRE=${retire} METALS_SECRET_VERSION_API_KEY=${key} METALS_SECRET_VERSION_API_KEY_OTHER=${other}"$'\n'
  done <<<"$1"
  [[ $(cat "${STDIN}/deployments")$'\n' == "${expected}" ]] || { cat "${STDIN}/deployments" && return 1; }
}

# Without the wait: the Swarm of these tests never changes.
run_rotation() { run bash <(sed 's/^converge() {/converge() { :; }; former() {/' "$(assemble stack-deploy)"); }

@test "a new key is deployed beside the old one, and only then alone" {
  serving 00000000
  run_rotation
  assert_status 0
  assert_deployments $'no aaaaaaaa 00000000\nyes aaaaaaaa'
  [[ $(grep -c 'stack deploy .*-c stack.rotation.yml' "${CALLS}") == 1 ]]
  assert_output '{"rotated":["api-key"]}'
}

@test "what was killed while both keys were accepted goes on with both" {
  serving aaaaaaaa 00000000
  run_rotation
  assert_deployments $'no aaaaaaaa 00000000\nyes aaaaaaaa'
}

@test "what was killed while the old key was taken away takes no user from a task that is still there" {
  serving aaaaaaaa '' 00000000
  run_rotation
  assert_deployments $'no aaaaaaaa\nyes aaaaaaaa'
}

# A task of a killed update that was told to stop, on this node, and still has a password of before.
stopping() { # NODE
  local task
  task=$(task t2 running p "$1" | jq -c '.DesiredState = "shutdown" | .Spec.ContainerSpec.Secrets = [{SecretName: "kafka-password-producer-00000000"}]')
  jq --argjson task "${task}" '. + [$task]' "${API}/tasks" >"${API}/tasks.new" && mv "${API}/tasks.new" "${API}/tasks"
}

@test "what a killed update has told to stop keeps its user until it has ended" {
  serving aaaaaaaa
  stopping n1
  stub sleep <<'EOF'
jq '[.[] | select(.DesiredState == "running")]' "${API}/tasks" >"${API}/tasks.new" && mv "${API}/tasks.new" "${API}/tasks"
echo "slept" >>"${STDIN}/deployments"
EOF
  run_rotation
  assert_status 0
  [[ $(cut -d ' ' -f 1 "${STDIN}/deployments" | paste -sd ' ') == 'METALS_RETIRE=no slept METALS_RETIRE=yes' ]]
  assert_output '{"rotated":["kafka-password-producer"]}'
}

@test "what was told to stop on a node that is away ends nobody's wait" {
  serving aaaaaaaa
  stopping of-a-node-that-is-away
  run_rotation
  assert_status 0
  [[ $(cut -d ' ' -f 1 "${STDIN}/deployments") == METALS_RETIRE=yes ]]
}

@test "a service that could go back to an old secret is deployed once more, so that the secret can go" {
  serving 00000000
  jq --argjson secrets "$(keys_of 00000000 '')" '.[0].PreviousSpec = {TaskTemplate: {ContainerSpec: {Secrets: $secrets}}}' \
    "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  run_rotation
  assert_status 0
  [[ $(wc -l <"${STDIN}/deployments") == 3 ]]
}

versions_are() { # LABELS by version
  stub aws <<EOF
case "\$*" in
  *"s3 cp"*) cp "${BATS_TEST_TMPDIR}/bundle.tar.gz" "\${!#}" ;;
  *describe-secret*) echo '{"VersionIdsToStages":$1}' ;;
  *get-secret-value*) echo '{"SecretString":"k3y"}' ;;
esac
EOF
}

@test "a key that is pending is accepted beside the current one, for as long as it is pending" {
  serving aaaaaaaa
  versions_are '{"aaaaaaaabbbb":["AWSCURRENT"],"ccccccccdddd":["AWSPENDING"]}'
  run_rotation
  assert_status 0
  assert_deployments 'yes aaaaaaaa cccccccc'
  assert_output '{"rotated":["api-key"]}'
}

@test "a key that every task has accepted before it became current is deployed alone" {
  serving 00000000 aaaaaaaa
  versions_are '{"aaaaaaaabbbb":["AWSCURRENT","AWSPENDING"],"000000001111":["AWSPREVIOUS"]}'
  run_rotation
  assert_status 0
  refute_call stack.rotation.yml
}

@test "the association deploys nothing where the Swarm has all secrets as they are" {
  serving aaaaaaaa
  export SSM_OnlyWhen=secrets-changed
  api secrets <<<'[{"Spec":{"Name":"api-key-aaaaaaaa"}}]'
  run_document stack-deploy
  assert_status 0
  assert_output '{"rotated":[]}'
  refute_call "stack deploy"
}

@test "an image that somebody has set by hand is put back, which docker stack deploy alone would not do" {
  serving aaaaaaaa
  versions_are '{"aaaaaaaabbbb":["AWSCURRENT"]}'
  jq '.[0].Spec.Labels["com.docker.stack.image"] = "p"' "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  run_rotation
  assert_status 0
  refute_call "service update"
  jq '.[0].Spec.TaskTemplate.ContainerSpec.Image = "by-hand"' "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  run_rotation
  assert_status 0
  assert_output "somebody has set the image of metals_producer by hand"
  [[ $(grep -nE 'label-rm com.docker.stack.image|stack deploy' "${CALLS}" | tail -n 2 | cut -d ' ' -f 2-3 | paste -sd ,) == 'service update,stack deploy' ]]
}

# Else whoever rotates would make a key current that a task refuses, which has not been updated yet.
@test "an update that a killed run has left is waited for, though the services name all secrets" {
  serving aaaaaaaa cccccccc
  versions_are '{"aaaaaaaabbbb":["AWSCURRENT"],"ccccccccdddd":["AWSPENDING"]}'
  export SSM_OnlyWhen=secrets-changed
  api secrets <<<'[{"Spec":{"Name":"api-key-aaaaaaaa"}},{"Spec":{"Name":"api-key-cccccccc"}}]'
  run_rotation
  refute_call "stack deploy"
  assert_output '{"rotated":[]}'
  jq '.[0].UpdateStatus = {State: "updating"}' "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  run_rotation
  assert_status 0
  assert_deployments 'yes aaaaaaaa cccccccc'
  assert_output '{"rotated":[]}'
}

# A stack with all secrets, and its setup job.
nothing_to_rotate() {
  serving aaaaaaaa
  export SSM_OnlyWhen=secrets-changed
  api secrets <<<'[{"Spec":{"Name":"api-key-aaaaaaaa"}}]'
  jq '. + [{ID: "s9", CreatedAt: "9", Spec: {Name: "metals_setup-0a1b2c3d", Labels: {"com.docker.stack.namespace": "metals"}, Mode: {ReplicatedJob: {}},
    TaskTemplate: {ContainerSpec: {Image: "tools", Args: ["setup"]}, RestartPolicy: {Condition: "on-failure"}}}}]' "${API}/services" >"${API}/services.new"
  mv "${API}/services.new" "${API}/services"
  api services/create <<<'{"ID":"job1"}'
}

@test "the association lets a job put right what somebody has changed in Kafka and MongoDB, beside the stack and from the leader alone" {
  nothing_to_rotate
  api tasks <<<'[{"ServiceID":"job1","Status":{"State":"complete"}}]'
  run_document stack-deploy
  assert_status 0
  refute_call "stack deploy"
  refute_call "service update"
  local job
  job=$(sed -n 's/^services\/create //p' "${STDIN}/posted")
  jq -e '.Labels == {"com.metals.setup-again": "true"} and (.Name | startswith("metals-setup-again-")) and .Mode.ReplicatedJob.TotalCompletions == 1
    and .TaskTemplate.RestartPolicy.Condition == "none" and .TaskTemplate.ContainerSpec.Args == ["setup"]' <<<"${job}" >/dev/null
  jq '.Swarm.NodeID = "n2"' "${API}/info" >"${API}/info.new" && mv "${API}/info.new" "${API}/info"
  rm "${STDIN}/posted"
  run_document stack-deploy
  assert_status 0
  [[ $(grep -c services/create "${STDIN}/posted" || true) == 0 ]]
}

@test "such a job that fails ends the association, with its reason, and changes nothing else" {
  nothing_to_rotate
  api tasks <<<'[{"ServiceID":"job1","Status":{"State":"failed"}}]'
  stub docker <<'EOF'
case "$*" in
  "service logs "*) echo '{"level":50,"msg":"setup failed","error":"Kafka: Not authorized"}' ;;
  "image inspect"*) echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' ;;
esac
EOF
  run_document stack-deploy
  assert_status 1
  assert_output "the setup job has failed when it ran again: "
  assert_output "Not authorized"
  assert_output "no service was changed"
  refute_call "stack deploy"
}

# With a password for brokers beside another one.
several_passwords() {
  serving aaaaaaaa
  echo '[{"name":"kafka-password","secret_id":"metals/lab/kafka-password","keys":["kafka-password/admin","kafka-password/brokers"]},
    {"name":"api-key","secret_id":"metals/lab/api-key","keys":["api-key"]}]' >"${BATS_TEST_TMPDIR}/bundle/secrets.json"
  pack_bundle
  jq --arg deployment "$(deployment)" '.[0].Spec.Labels["com.metals.deployment"] = $deployment
    | .[0].Spec.TaskTemplate.ContainerSpec.Secrets += [{SecretName: "kafka-password-admin-aaaaaaaa", File: {Name: "kafka-password-admin"}}]' \
    "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  api secrets <<<'[{"Spec":{"Name":"api-key-aaaaaaaa"}},{"Spec":{"Name":"kafka-password-admin-aaaaaaaa"}}]'
  export SSM_OnlyWhen=secrets-changed
}

@test "the password of brokers, which a single one has no use for, makes the association deploy nothing" {
  several_passwords
  run_document stack-deploy
  assert_status 0
  assert_output '{"rotated":[]}'
  assert_output "kafka-password-admin-aaaaaaaa"
  [[ ${output} != *kafka-password-brokers* ]]
}

@test "a broker that was one of several has its password" {
  several_passwords
  api configs <<<'[{"Spec":{"Name":"metals-kafka-cluster","Labels":{"com.metals.kafka-cluster":"a"}}}]'
  run_rotation
  assert_output "kafka-password-brokers-aaaaaaaa"
}

@test "the association deploys where a secret is left over, as a run that was killed leaves it" {
  serving aaaaaaaa
  export SSM_OnlyWhen=secrets-changed
  api secrets <<<'[{"Spec":{"Name":"api-key-aaaaaaaa"}},{"Spec":{"Name":"api-key-00000000"}}]'
  run_rotation
  assert_status 0
  assert_call "secret rm api-key-00000000"
}

@test "the association leaves alone what another version of the product serves" {
  serving 00000000
  export SSM_OnlyWhen=secrets-changed SSM_Versions=none
  jq '.[0].Spec.Labels["com.metals.deployment"] = "01234567"' "${API}/services" >"${API}/services.new" && mv "${API}/services.new" "${API}/services"
  run_document stack-deploy
  assert_status 0
  assert_output "01234567 is deployed, and this is $(deployment): left to whoever deploys"
  assert_output '{"rotated":[],"left":"01234567"}'
  refute_call "stack deploy"
}

@test "the association does nothing on a node that is no manager yet" {
  serving 00000000
  export SSM_OnlyWhen=secrets-changed
  api info <<<'{"Swarm":{"LocalNodeState":"inactive","ControlAvailable":false}}'
  run_document stack-deploy
  assert_status 0
  assert_output "this node is no manager"
  refute_call "s3 cp"
}

# A bundle for engines of somebody else, on nodes that hold no data.
external_engines() {
  deployable
  printf '%s\n' METALS_STAGE=lab METALS_KAFKA_BROKERS=0 METALS_MONGODB=external >"${BATS_TEST_TMPDIR}/bundle/settings.env"
  pack_bundle
  jq 'map(.Spec.Labels |= {"metals.slot": ."metals.slot"})' "${API}/nodes" >"${API}/nodes.new" && mv "${API}/nodes.new" "${API}/nodes"
}

@test "engines of somebody else need no node with data, and leave none marked" {
  external_engines
  run_document stack-deploy
  assert_status 0
  assert_call "stack deploy --resolve-image never --prune -c stack.yml -c setup.rendered.yml metals"
  refute_call "metals.kafka-mode"
  refute_call form.yml
}

@test "Kafka of somebody else takes no file of brokers, also where there were several of its own before" {
  external_engines
  api configs <<<'[{"Spec":{"Name":"metals-kafka-cluster","Labels":{"com.metals.kafka-cluster":"a"}}}]'
  run_document stack-deploy
  assert_status 0
  refute_call broker-
}

@test "MongoDB of somebody else leaves Kafka's node to be looked for" {
  external_engines
  printf '%s\n' METALS_STAGE=lab METALS_KAFKA_BROKERS=1 METALS_MONGODB=external >"${BATS_TEST_TMPDIR}/bundle/settings.env"
  pack_bundle
  run_document stack-deploy
  assert_status 1
  assert_output "the label metals.kafka=true is on 0 nodes, expected on exactly one"
}
