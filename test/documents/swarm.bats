#!/usr/bin/env bats
load helpers

setup_file() { export SSM_WaitSeconds=300; }

TOKEN=SWMTKN-1-very-secret

docker_info() { # STATE CONTROL
  stub curl <<EOF
cat >"\${STDIN}/curl" 2>/dev/null </dev/stdin || true
case "\$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"$1","ControlAvailable":$2,"NodeID":"n1","Error":"","Cluster":{"ID":"c1","DefaultAddrPool":["10.20.0.0/16"]}}}' ;;
esac
EOF
}

docker_commands() {
  stub docker <<EOF
case "\$*" in
  "swarm join-token -q "*) echo ${TOKEN} ;;
esac
EOF
}

parameters() { # what get-parameters does about the claim
  stub aws <<EOF
case "\$*" in
  *get-parameters*) $1 ;;
  *get-parameter*swarm/claim*) cat "\${STDIN}/claim" 2>/dev/null || { echo 'An error occurred (ParameterNotFound)' >&2; exit 254; } ;;
  *get-parameter*token*json*) echo '{"Parameter":{"Value":"${TOKEN}"}}' ;;
  *put-parameter*) cat >>"\${STDIN}/put" ;;
esac
EOF
}

claim_is() { # VALUE
  echo "$1" >"${STDIN}/claim"
  parameters "echo '{\"Parameters\":[{\"Name\":\"/metals/lab/swarm/claim\",\"Value\":\"$1\"},{\"Name\":\"/metals/lab/swarm/worker-token\",\"Value\":\"old\"}]}'"
}

# Which managers answer on the Swarm's port.
answering() { # ADDRESS…
  stub timeout <<EOF
for address in $*; do [[ "\$*" != *"/dev/tcp/\${address}/2377"* ]] || exit 0; done
[[ "\$*" == *cloud-init* || "\$*" == *docker* ]] || exit 1
EOF
}

init_parameters() {
  export SSM_Stage=lab SSM_AddressPool=10.20.0.0/16 SSM_ManagerAddresses=10.40.3.11 SSM_Creates=yes
  member_of
}
join_parameters() {
  export SSM_Stage=lab SSM_ManagerAddresses=10.40.3.11
  member_of && answering 10.40.3.11
}

@test "swarm-init refuses any slot but manager-1" {
  node_is worker-1 && init_parameters
  run_document swarm-init
  assert_status 1
  assert_output "only manager-1 creates the Swarm; this node is worker-1"
}

@test "swarm-init creates no second Swarm where the stage has had one, whatever the volume" {
  init_parameters && docker_info inactive false && docker_commands && claim_is 'initialised c1'
  run_document swarm-init
  assert_status 1
  assert_output "the Swarm c1 of stage lab had this one manager, and its state is not on volume vol-1"
  assert_output "aws ssm delete-parameter --region eu-west-1 --name /metals/lab/swarm/claim, and deploy again"
  refute_call "swarm init"
}

# A node that joins once it is asked to, through one of the managers that answer.
joining() { # ADDRESS THAT TAKES IT
  stub curl <<EOF
case "\$*" in
  *http://docker/info*) [[ -e \${STDIN}/joined ]] && state=active || state=inactive
    echo "{\"Swarm\":{\"LocalNodeState\":\"\${state}\",\"ControlAvailable\":true,\"NodeID\":\"n2\",\"Cluster\":{\"ID\":\"c1\",\"DefaultAddrPool\":[\"10.20.0.0/16\"]}}}" ;;
  *http://docker/swarm/join*) cat >"\${STDIN}/join"
    if jq -e '.RemoteAddrs == ["$1:2377"]' "\${STDIN}/join" >/dev/null; then touch "\${STDIN}/joined"
    else echo '{"message":"rpc error: the swarm does not have a leader"}'; echo 'curl: (22) 503' >&2; exit 22; fi ;;
esac
EOF
}

@test "swarm-init joins the other managers where manager-1 has lost its state, the first that takes it" {
  init_parameters && docker_commands && claim_is 'initialised c1'
  export SSM_ManagerAddresses=10.40.3.11,10.40.4.12,10.40.5.13
  answering 10.40.4.12 10.40.5.13 && joining 10.40.5.13
  run_document swarm-init
  assert_status 0
  refute_call "swarm init"
  [[ $(jq -r .JoinToken "${STDIN}/join") == "${TOKEN}" ]]
  refute_call "put-parameter --name /metals/lab/swarm/claim"
}

@test "swarm-init creates none either where no other manager takes it, and says what each answered" {
  init_parameters && docker_commands && claim_is 'initialised c1'
  export SSM_ManagerAddresses=10.40.3.11,10.40.4.12,10.40.5.13
  answering 10.40.4.12 && joining nobody
  run_document swarm-init
  assert_status 1
  assert_output "10.40.3.11 does not answer; 10.40.4.12: rpc error: the swarm does not have a leader; 10.40.5.13 does not answer"
  refute_call "swarm init"
}

@test "swarm-init claims the stage before it creates the Swarm, and never over the claim of another" {
  init_parameters && docker_info inactive false && docker_commands
  parameters "echo '{\"Parameters\":[]}'"
  mv "${BATS_TEST_TMPDIR}/bin/aws" "${BATS_TEST_TMPDIR}/bin/allowed"
  stub aws <<'EOF'
[[ $* != *put-parameter*swarm/claim* || $* == *--overwrite* ]] || { cat >/dev/null; echo 'An error occurred (ParameterAlreadyExists)' >&2; exit 254; }
exec allowed "$@"
EOF
  run_document swarm-init
  assert_status 1
  assert_output "another node has claimed the Swarm of stage lab meanwhile"
  refute_call "swarm init"
}

@test "swarm-init begins again where the volume of an interrupted initialisation has gone" {
  init_parameters && docker_info inactive true && docker_commands && claim_is 'claimed vol-0'
  run_document swarm-init
  assert_status 0
  assert_call "docker swarm init --advertise-addr 10.40.3.11"
  grep -q '^claimed vol-1' "${STDIN}/put"
}

@test "swarm-init creates no Swarm beside a manager that listens, whatever became of the claim" {
  init_parameters && docker_info inactive false && docker_commands
  parameters "echo '{\"Parameters\":[]}'"
  export SSM_ManagerAddresses=10.40.3.11,10.40.4.12
  answering 10.40.3.11 10.40.4.12
  run_document swarm-init
  assert_status 1
  assert_output "the manager at 10.40.4.12 has a Swarm already, and /metals/lab/swarm/claim does not name it"
  refute_call "swarm init"
  refute_call put-parameter
}

@test "swarm-init publishes nothing of another Swarm than the stage's" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c2'
  run_document swarm-init
  assert_status 1
  assert_output "volume vol-1 holds the Swarm c1, but the one of stage lab is c2"
  refute_call put-parameter
}

@test "swarm-init creates no Swarm when the claim cannot be read" {
  init_parameters && docker_info inactive false && docker_commands && parameters 'echo AccessDenied >&2; exit 254'
  run_document swarm-init
  [[ ${status} != 0 ]]
  assert_output AccessDenied
  assert_output "cannot read the parameters of /metals/lab/swarm"
  refute_call "swarm init"
}

@test "swarm-init writes the whole value when it may not write at first" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c1'
  mv "${BATS_TEST_TMPDIR}/bin/aws" "${BATS_TEST_TMPDIR}/bin/allowed"
  stub aws <<'EOF'
if [[ $* == *put-parameter* ]]; then
  echo . >>"${CALLS}.tries"
  (($(wc -l <"${CALLS}.tries") > 1)) || { cat >/dev/null; echo 'An error occurred (AccessDeniedException): ssm:PutParameter' >&2; exit 254; }
fi
exec allowed "$@"
EOF
  run_document swarm-init
  assert_status 0
  assert_output "An error occurred (AccessDeniedException): ssm:PutParameter ("
  # Of the workers and of the managers.
  [[ $(cat "${STDIN}/put") == "${TOKEN}${TOKEN}" ]]
}

@test "swarm-init goes on after an interruption" {
  init_parameters && docker_info inactive true && docker_commands && claim_is 'claimed vol-1'
  run_document swarm-init
  assert_status 0
  assert_call "docker swarm init --advertise-addr 10.40.3.11 --default-addr-pool 10.20.0.0/16"
}

@test "swarm-init leaves a Swarm that is there alone, and publishes tokens that changed" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c1'
  run_document swarm-init
  assert_status 0
  refute_call "swarm init"
  assert_call "put-parameter --name /metals/lab/swarm/worker-token --type SecureString --value file:///dev/stdin"
  grep -q "${TOKEN}" "${STDIN}/put"
}

@test "swarm-init as an association publishes tokens that somebody has rotated, and creates and joins nothing" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c1'
  export SSM_Creates=no
  run_document swarm-init
  assert_status 0
  assert_call "put-parameter --name /metals/lab/swarm/worker-token"
  docker_info inactive false && claim_is ''
  : >"${CALLS}"
  run_document swarm-init
  assert_status 0
  assert_output "this node is in no Swarm"
  refute_call "swarm init"
  refute_call put-parameter
}

@test "swarm-init shows a token to nobody" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c1'
  run_document swarm-init
  refute_call "${TOKEN}"
  [[ ${output} != *"${TOKEN}"* ]]
}

@test "swarm-init refuses another address pool than the Swarm has" {
  init_parameters && docker_info active true && docker_commands && claim_is 'initialised c1'
  export SSM_AddressPool=10.21.0.0/16
  run_document swarm-init
  assert_status 1
  assert_output "created with the address pool 10.20.0.0/16, which cannot be changed"
}

@test "swarm-join never creates a Swarm, even when no manager answers" {
  node_is worker-1 && join_parameters && docker_commands && claim_is 'initialised c1'
  stub curl <<'EOF'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"inactive"}}' ;;
  *http://docker/swarm/join*) cat >"${STDIN}/join"; echo '{"message":"Timeout was reached"}'; exit 22 ;;
esac
EOF
  run_document swarm-join
  assert_status 1
  assert_output "could not join the Swarm as a worker, port 2377: 10.40.3.11: Timeout was reached"
  refute_call "swarm init"
}

@test "swarm-join passes the token on stdin, not as an argument" {
  node_is worker-1 && join_parameters && docker_commands && claim_is 'initialised c1'
  stub curl <<'EOF'
case "$*" in
  *http://docker/info*) [[ -s ${STDIN}/join ]] && state=active || state=inactive
    echo "{\"Swarm\":{\"LocalNodeState\":\"${state}\",\"ControlAvailable\":false,\"NodeID\":\"n2\"}}" ;;
  *http://docker/swarm/join*) cat >"${STDIN}/join" ;;
esac
EOF
  run_document swarm-join
  assert_status 0
  [[ $(jq -r .JoinToken "${STDIN}/join") == "${TOKEN}" ]]
  [[ $(jq -r '.RemoteAddrs[0]' "${STDIN}/join") == 10.40.3.11:2377 ]]
  refute_call "${TOKEN}"
}

@test "swarm-join does nothing on a node of the Swarm" {
  node_is worker-1 && join_parameters && docker_info active false && docker_commands && claim_is 'initialised c1'
  member_of c1
  run_document swarm-join
  assert_status 0
  refute_call "/swarm/join"
  refute_call "swarm leave"
}

@test "swarm-join leaves a Swarm that the stage has left, and joins the present one" {
  node_is manager-2 && join_parameters && docker_commands && claim_is 'initialised c1' && joining 10.40.3.11
  member_of c0
  run_document swarm-join
  assert_status 0
  assert_output "this node has left the Swarm: it was c0, and the one of stage lab is c1"
  assert_call "docker swarm leave --force"
}

@test "swarm-join waits until the Swarm is created, and leaves none before" {
  node_is worker-1 && join_parameters && docker_info active false && docker_commands
  parameters true && member_of c0
  echo 'claimed vol-1' >"${STDIN}/claim"
  # Time passes at once.
  stub sleep <<<'[[ -e ${STDIN}/slept ]] && echo "initialised c0" >"${STDIN}/claim"; touch "${STDIN}/slept"'
  run_document swarm-join
  assert_status 0
  assert_output "waiting for the Swarm of stage lab: manager-1 is creating the Swarm"
  refute_call "swarm leave"
}

nodes_are() { # JSON
  stub curl <<EOF
case "\$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *http://docker/nodes/n1*) echo '$1' | jq '.[0]' ;;
  *http://docker/nodes*) echo '$1' ;;
esac
EOF
}

@test "swarm-label never moves the label that pins data" {
  export SSM_Labels='10.40.4.21=slot:worker-1,kafka'
  docker_commands
  nodes_are '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.4.21"},"Spec":{"Role":"worker","Labels":{"metals.slot":"worker-1"}}},
    {"ID":"n2","Status":{"State":"ready","Addr":"10.40.5.22"},"Spec":{"Role":"worker","Labels":{"metals.slot":"worker-2","metals.kafka":"true"}}}]'
  run_document swarm-label
  assert_status 1
  assert_output "the data of kafka is on worker-2 and does not move by itself"
  assert_output "keep kafkaSlot=worker-2, and as many nodes as that slot needs, in cdk.json or by -c"
  refute_call "node update --label-add metals.kafka"
}

@test "swarm-label names the setting that keeps the data where it is, ZooKeeper's too, which is Kafka's" {
  docker_commands
  local label setting
  for pair in mongodb=mongodbSlot zookeeper=kafkaSlot; do
    label=${pair%=*} setting=${pair#*=}
    export SSM_Labels="10.40.4.21=slot:worker-1,${label}"
    nodes_are '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.4.21"},"Spec":{"Role":"worker","Labels":{"metals.slot":"worker-1"}}},
      {"ID":"n2","Status":{"State":"ready","Addr":"10.40.5.22"},"Spec":{"Role":"worker","Labels":{"metals.slot":"worker-2","metals.'"${label}"'":"true"}}}]'
    run_document swarm-label
    assert_status 1
    assert_output "the data of ${label} is on worker-2"
    assert_output "keep ${setting}=worker-2,"
    assert_output "docker node update --label-rm metals.${label} <node of worker-2>"
  done
}

@test "swarm-label removes a dead worker that had the address" {
  export SSM_Labels='10.40.4.21=slot:worker-1'
  docker_commands
  nodes_are '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.4.21"},"Spec":{"Role":"worker","Labels":{}}},
    {"ID":"n9","Status":{"State":"down","Addr":"10.40.4.21"},"Spec":{"Role":"worker","Labels":{}}}]'
  run_document swarm-label
  assert_status 0
  assert_call "docker node rm --force n9"
  assert_call "docker node update --label-add metals.slot=worker-1 n1"
  refute_call "node demote"
}

# Nodes as files, so that a stub can change them: demoting takes the vote away, removing the node.
@test "swarm-label takes the vote of a dead manager first, waits until it has none, and says whose data has gone with it" {
  export SSM_Labels='10.40.3.12=slot:manager-2,kafka'
  echo '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.3.12"},"Spec":{"Role":"manager","Labels":{}}},
    {"ID":"n9","Status":{"State":"down","Addr":"127.0.0.1"},"ManagerStatus":{"Addr":"10.40.3.12:2377"},"Spec":{"Role":"manager","Labels":{"metals.kafka":"true","metals.slot":"manager-2"}}}]' >"${STDIN}/nodes"
  stub curl <<'EOF'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *http://docker/nodes/n1*) jq '.[0]' "${STDIN}/nodes" ;;
  *http://docker/nodes*) cat "${STDIN}/nodes" ;;
esac
EOF
  stub docker <<'EOF'
change() { jq "$1" "${STDIN}/nodes" >"${STDIN}/nodes.new" && mv "${STDIN}/nodes.new" "${STDIN}/nodes"; }
case "$*" in
  "node demote n9") change '(.[] | select(.ID == "n9")) |= del(.ManagerStatus)' ;;
  "node rm --force n9") jq -e 'all(.[]; .ID != "n9" or .ManagerStatus == null)' "${STDIN}/nodes" >/dev/null || { echo 'it has a vote' >&2; exit 1; }
    change 'map(select(.ID != "n9"))' ;;
esac
EOF
  run_document swarm-label
  assert_status 0
  assert_output "it still has a vote"
  assert_output "the data of kafka on it is gone: the node that takes its place begins without"
  assert_call "docker node demote n9"
  assert_call "docker node rm --force n9"
}

@test "swarm-label finds a dead manager that was given up by its label, and takes no vote of it" {
  export SSM_Labels='10.40.3.12=slot:manager-2'
  nodes_are '[{"ID":"n1","Status":{"State":"ready","Addr":"10.40.3.12"},"Spec":{"Role":"manager","Labels":{}}},
    {"ID":"n9","Status":{"State":"unknown","Addr":"0.0.0.0"},"Spec":{"Role":"manager","Labels":{"metals.slot":"manager-2"}}}]'
  docker_commands
  run_document swarm-label
  assert_status 0
  assert_call "docker node rm --force n9"
  refute_call "node demote"
}

@test "swarm-label waits for nothing on a manager that is in no Swarm" {
  export SSM_Labels='10.40.3.12=slot:manager-2'
  docker_info inactive false
  run_document swarm-label
  assert_status 1
  assert_output "this node is no manager of a Swarm"
  refute_call /nodes
}

@test "swarm-label keeps a node that is down as long as no other has its address" {
  export SSM_Labels='10.40.4.21=slot:worker-1'
  docker_commands
  nodes_are '[{"ID":"n9","Status":{"State":"down","Addr":"10.40.4.21"},"Spec":{"Role":"worker","Labels":{}}}]'
  stub sleep <<<'exit 1'
  run_document swarm-label
  [[ ${status} != 0 ]]
  refute_call "node rm"
}
