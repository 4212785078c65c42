#!/bin/bash
# Which Swarm is the one of the stage, and how a node becomes a member of it. The parameter `claim` says how far its one
# initialisation got: `claimed <volume>` before, `initialised <id of the Swarm>` after. Nobody joins before that.

SWARM_PORT=2377
SWARM_FOLDER="${METALS_SWARM_FOLDER:-/var/lib/docker/swarm}"

swarm_parameter() { echo "/metals/${SSM_Stage}/swarm/$1"; } # LEAF

# Succeeds once there is a Swarm to join, and prints its id; otherwise the reason. A reason may be a call that AWS denies.
swarm_of_stage() {
  local claim
  claim=$(aws ssm get-parameter --name "$(swarm_parameter claim)" --query Parameter.Value --output text 2>&1) || {
    [[ ${claim} != *ParameterNotFound* ]] || claim="manager-1 has not created the Swarm yet"
    tail -n 1 <<<"${claim}" && return 1
  }
  [[ ${claim} == 'initialised '* ]] || { echo "manager-1 is creating the Swarm" && return 1; }
  echo "${claim#initialised }"
}

# The Swarm that this node is a member of, by its certificate, whose organisation is the Swarm's id: Docker says it on
# managers only. Nothing where the node is in none.
joined_swarm() {
  local certificate="${SWARM_FOLDER}/certificates/swarm-node.crt" subject
  [[ -s ${certificate} ]] || return 0
  subject=$(openssl x509 -in "${certificate}" -noout -subject -nameopt RFC2253)
  [[ ${subject} =~ [=,]O=([a-z0-9]+) ]] || fail "the certificate of this node names no Swarm: ${subject}" "look at ${certificate}"
  echo "${BASH_REMATCH[1]}"
}

leave_swarm() { # WHY
  docker swarm leave --force >/dev/null
  log "this node has left the Swarm: $1"
}

# Docker remembers a Swarm, and yet is in none: joining another one would hide that.
refuse_half_member() {
  [[ ! -s ${SWARM_FOLDER}/docker-state.json ]] ||
    fail "docker says it is in no Swarm, but ${SWARM_FOLDER} holds one" "systemctl restart docker, and run this again"
}

reaches() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; } # ADDRESS PORT

# By Docker's API and stdin: `docker swarm join --token` would show the token in the process list.
join_through() { # ADDRESS ROLE
  granted aws ssm get-parameter --name "$(swarm_parameter "$2-token")" --with-decryption --output json |
    jq -c --arg address "$1:${SWARM_PORT}" \
      '{ListenAddr: "0.0.0.0:2377", RemoteAddrs: [$address], JoinToken: .Parameter.Value}' |
    docker_api POST /swarm/join -H 'Content-Type: application/json' --data-binary @- 2>&1
}

# Docker tries the first address of a list and no other (moby, daemon/cluster/swarm.go), so each is tried by itself, and
# an attempt that failed is ended: it would go on in the background.
join_swarm() { # ROLE ADDRESSES, separated by commas; this node's own among them does no harm
  local address reply reasons=()
  for address in ${2//,/ }; do
    reaches "${address}" "${SWARM_PORT}" || { reasons+=("${address} does not answer") && continue; }
    ! reply=$(join_through "${address}" "$1") || return 0
    reasons+=("${address}: $(told "${reply}")")
    # It may have joined after Docker had given up waiting.
    case $(swarm_state) in
      active) return 0 ;;
      inactive) ;;
      *) leave_swarm "joining through ${address} failed" ;;
    esac
  done
  fail "could not join the Swarm as a $1, port ${SWARM_PORT}: $(printf '%s; ' "${reasons[@]}")" \
    "check that a majority of the managers is up (docker node ls on one of them), and that the security groups let ${SWARM_PORT}/tcp through"
}

is_member() {
  local state
  state=$(swarm_state)
  [[ ${state} == active ]] || { echo "swarm state is ${state}" && return 1; }
}
