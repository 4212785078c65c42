#!/bin/bash
# Joins this node to the Swarm if it is in none. It never creates one: a node that reaches no manager must wait, or fail.
require_parameters Stage ManagerAddresses
await_node
take_lock swarm
[[ ${METALS_SLOT} != manager-1 ]] || fail "manager-1 creates the Swarm and does not join it"

TOKEN_PARAMETER="/metals/${SSM_Stage}/swarm/${METALS_ROLE}-token"
SWARM_PORT=2377

# Stops with the reason where waiting cannot help.
token_is_there() {
  local output
  output=$(aws ssm get-parameter --name "${TOKEN_PARAMETER}" --query Parameter.Type --output text 2>&1) && return
  [[ ${output} == *ParameterNotFound* ]] && echo "no parameter ${TOKEN_PARAMETER} yet" && return 1
  echo "${output}" | tail -n 1
  return 1
}

# By Docker's API and stdin: `docker swarm join --token` would show the token in the process list.
join() {
  local addresses
  addresses=$(jq -cn --arg list "${SSM_ManagerAddresses}" --arg port "${SWARM_PORT}" '$list | split(",") | map(. + ":" + $port)')
  granted aws ssm get-parameter --name "${TOKEN_PARAMETER}" --with-decryption --output json |
    jq -c --argjson addresses "${addresses}" \
      '{ListenAddr: "0.0.0.0:2377", RemoteAddrs: $addresses, JoinToken: .Parameter.Value}' |
    docker_api POST /swarm/join -H 'Content-Type: application/json' --data-binary @- >/dev/null ||
    fail "could not join through ${SSM_ManagerAddresses} port ${SWARM_PORT}" \
      "check that manager-1 is up (docker node ls there), and that the security groups let 2377/tcp through"
}

is_active() {
  local state
  state=$(swarm_state)
  [[ ${state} == active ]] || { echo "swarm state is ${state}" && return 1; }
}

state=$(swarm_state)
case ${state} in
  active) log "this node is in the Swarm" ;;
  inactive)
    [[ ! -s /var/lib/docker/swarm/docker-state.json ]] ||
      fail "docker says it is in no Swarm, but /var/lib/docker/swarm holds one" "systemctl restart docker"
    wait_until 300 "waiting for the ${METALS_ROLE}s' join token" token_is_there
    join
    ;;
  *) fail "docker's Swarm state is ${state}: $(docker_query /info | jq -r .Swarm.Error)" "systemctl restart docker" ;;
esac
wait_until 60 "waiting to be a node of the Swarm" is_active
is_manager=$(docker_query /info | jq -r .Swarm.ControlAvailable)
[[ ${METALS_ROLE} != manager || ${is_manager} == true ]] || fail "this node should be a manager, but joined as a worker"
[[ ${METALS_ROLE} != worker || ${is_manager} == false ]] || fail "this node should be a worker, but is a manager"
log "${METALS_SLOT} is node $(docker_query /info | jq -r .Swarm.NodeID)"
