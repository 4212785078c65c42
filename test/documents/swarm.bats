#!/usr/bin/env bats
load helpers

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
  *get-parameter*token*--query\ Parameter.Type*) echo SecureString ;;
  *get-parameter*token*json*) echo '{"Parameter":{"Value":"${TOKEN}"}}' ;;
  *put-parameter*) cat >>"\${STDIN}/put" ;;
esac
EOF
}

claim_is() { # VALUE
  parameters "echo '{\"Parameters\":[{\"Name\":\"/metals/lab/swarm/claim/vol-1\",\"Value\":\"$1\"},{\"Name\":\"/metals/lab/swarm/worker-token\",\"Value\":\"old\"}]}'"
}

init_parameters() { export SSM_Stage=lab SSM_AddressPool=10.20.0.0/16 SSM_ManagerAddress=10.40.3.11; }
join_parameters() { export SSM_Stage=lab SSM_ManagerAddresses=10.40.3.11; }

@test "swarm-init refuses any slot but manager-1" {
  node_is worker-1 && init_parameters
  run_document swarm-init
  assert_status 1
  assert_output "only manager-1 creates the Swarm; this node is worker-1"
}

@test "swarm-init creates no second Swarm where the volume has held one" {
  init_parameters && docker_info inactive false && docker_commands && claim_is initialised
  run_document swarm-init
  assert_status 1
  assert_output "volume vol-1 has held the Swarm before, and its state is gone"
  assert_output "aws ssm delete-parameter --name /metals/lab/swarm/claim/vol-1"
  refute_call "swarm init"
}

@test "swarm-init creates no Swarm when the claim cannot be read" {
  init_parameters && docker_info inactive false && docker_commands && parameters 'echo AccessDenied >&2; exit 254'
  run_document swarm-init
  [[ ${status} != 0 ]]
  assert_output AccessDenied
  assert_output "cannot read the parameters under /metals/lab/swarm"
  refute_call "swarm init"
}

@test "swarm-init writes the whole value when it may not write at first" {
  init_parameters && docker_info active true && docker_commands && claim_is initialised
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
  init_parameters && docker_info inactive true && docker_commands && claim_is claimed
  run_document swarm-init
  assert_status 0
  assert_call "docker swarm init --advertise-addr 10.40.3.11 --default-addr-pool 10.20.0.0/16"
}

@test "swarm-init leaves a Swarm that is there alone, and publishes tokens that changed" {
  init_parameters && docker_info active true && docker_commands && claim_is initialised
  run_document swarm-init
  assert_status 0
  refute_call "swarm init"
  assert_call "put-parameter --name /metals/lab/swarm/worker-token --type SecureString --value file:///dev/stdin"
  grep -q "${TOKEN}" "${STDIN}/put"
}

@test "swarm-init shows a token to nobody" {
  init_parameters && docker_info active true && docker_commands && claim_is initialised
  run_document swarm-init
  refute_call "${TOKEN}"
  [[ ${output} != *"${TOKEN}"* ]]
}

@test "swarm-init refuses another address pool than the Swarm has" {
  init_parameters && docker_info active true && docker_commands && claim_is initialised
  export SSM_AddressPool=10.21.0.0/16
  run_document swarm-init
  assert_status 1
  assert_output "created with the address pool 10.20.0.0/16, which cannot be changed"
}

@test "swarm-join never creates a Swarm, even when no manager answers" {
  node_is worker-1 && join_parameters && docker_commands && parameters 'true'
  stub curl <<'EOF'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"inactive"}}' ;;
  *http://docker/swarm/join*) cat >"${STDIN}/join"; echo '{"message":"Timeout was reached"}'; exit 22 ;;
esac
EOF
  run_document swarm-join
  assert_status 1
  assert_output "could not join through 10.40.3.11"
  refute_call "swarm init"
}

@test "swarm-join passes the token on stdin, not as an argument" {
  node_is worker-1 && join_parameters && docker_commands && parameters 'true'
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
  node_is worker-1 && join_parameters && docker_info active false && docker_commands && parameters 'true'
  run_document swarm-join
  assert_status 0
  refute_call "/swarm/join"
}

nodes_are() { # JSON
  stub curl <<EOF
case "\$*" in
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
  assert_call "docker node rm n9"
  assert_call "docker node update --label-add metals.slot=worker-1 n1"
}
