#!/bin/bash
# Creates the Swarm. Only the slot manager-1 may, only on a volume that holds none, and only once in that volume's life:
# a second Swarm beside the first would take the workers' place without a word.
require_parameters Stage AddressPool ManagerAddress
load_node
take_lock swarm
[[ ${METALS_SLOT} == manager-1 ]] || fail "only manager-1 creates the Swarm; this node is ${METALS_SLOT}"

PARAMETERS="/metals/${SSM_Stage}/swarm"
CLAIM="${PARAMETERS}/claim/${METALS_DATA_VOLUME_ID}"
ADDRESS_POOL_MASK_BITS=24

# All that is remembered about this Swarm, in one question: a JSON object by parameter name.
read_parameters() {
  granted aws ssm get-parameters --with-decryption --output json \
    --names "${CLAIM}" "${PARAMETERS}/worker-token" "${PARAMETERS}/manager-token" |
    jq -c '[.Parameters[] | {key: .Name, value: .Value}] | from_entries' ||
    fail "cannot read the parameters under ${PARAMETERS}" "aws ssm get-parameters --names ${CLAIM}"
}

parameter() { jq -r --arg name "$1" '.[$name] // ""' < <(printf '%s' "${remembered}"); }

# The value comes on stdin, so that a token is never an argument.
write_parameter() { # NAME TYPE
  local value
  value=$(tr -d '\n')
  granted put_parameter "$1" "$2" "${value}"
}

# printf is of the shell itself: its arguments are in no process list.
put_parameter() { # NAME TYPE VALUE
  printf '%s' "$3" | aws ssm put-parameter --name "$1" --type "$2" --value file:///dev/stdin --overwrite >/dev/null
}

# The claim says how far the one initialisation got: `claimed` before, `initialised` after.
claim() { # PROGRESS
  case $1 in
    '') echo claimed | write_parameter "${CLAIM}" String ;;
    claimed) log "an interrupted initialisation goes on" ;;
    *)
      fail "volume ${METALS_DATA_VOLUME_ID} has held the Swarm before, and its state is gone; a new Swarm would lose all workers and secrets" \
        "restore the volume; or, to start from nothing: aws ssm delete-parameter --name ${CLAIM}, and deploy again"
      ;;
  esac
}

initialise() { # PROGRESS
  [[ ! -s /var/lib/docker/swarm/docker-state.json ]] ||
    fail "docker says it is in no Swarm, but /var/lib/docker/swarm holds one" "systemctl restart docker, and deploy again"
  claim "$1"
  docker swarm init --advertise-addr "${SSM_ManagerAddress}" --default-addr-pool "${SSM_AddressPool}" \
    --default-addr-pool-mask-length "${ADDRESS_POOL_MASK_BITS}" >/dev/null
  log "the Swarm is created on ${SSM_ManagerAddress}, address pool ${SSM_AddressPool}"
}

publish_token() { # ROLE
  local path="${PARAMETERS}/$1-token" token published
  token=$(docker swarm join-token -q "$1")
  published=$(parameter "${path}")
  [[ ${published} != "${token}" ]] || return 0
  docker swarm join-token -q "$1" | write_parameter "${path}" SecureString
  log "the join token of ${1}s is in ${path}"
}

verify() {
  local info pool
  info=$(docker_query /info)
  jq -e '.Swarm.ControlAvailable' <<<"${info}" >/dev/null || fail "this node is in a Swarm, but no manager of it"
  pool=$(jq -r '.Swarm.Cluster.DefaultAddrPool // [] | join(",")' <<<"${info}")
  [[ ${pool} == "${SSM_AddressPool}" ]] ||
    fail "the Swarm was created with the address pool ${pool}, which cannot be changed; the configuration says ${SSM_AddressPool}" \
      "set swarmAddressPool=${pool}"
}

remembered=$(read_parameters)
progress=$(parameter "${CLAIM}")
state=$(swarm_state)
case ${state} in
  active) log "the Swarm is here" ;;
  inactive) initialise "${progress}" ;;
  *) fail "docker's Swarm state is ${state}: $(docker_query /info | jq -r .Swarm.Error)" "systemctl restart docker, and deploy again" ;;
esac
verify
publish_token worker
publish_token manager
[[ ${progress} == initialised ]] || echo initialised | write_parameter "${CLAIM}" String
log "swarm id $(docker_query /info | jq -r .Swarm.Cluster.ID)"
