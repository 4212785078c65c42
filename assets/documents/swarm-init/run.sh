#!/bin/bash
# Creates the Swarm. Only the slot manager-1 may, and only once in the stage's life: a second Swarm beside the first would
# take the workers' place without a word. Where manager-1 has lost its state, it joins the other managers again.
require_parameters Stage AddressPool ManagerAddresses Creates
load_node
take_lock swarm
[[ ${METALS_SLOT} == manager-1 ]] || fail "only manager-1 creates the Swarm; this node is ${METALS_SLOT}"

CLAIM=$(swarm_parameter claim)
OWN_ADDRESS=${SSM_ManagerAddresses%%,*}
ADDRESS_POOL_MASK_BITS=24

# All that is remembered about this Swarm, in one question: a JSON object by parameter name.
read_parameters() {
  granted aws ssm get-parameters --with-decryption --output json \
    --names "${CLAIM}" "$(swarm_parameter worker-token)" "$(swarm_parameter manager-token)" |
    jq -c '[.Parameters[] | {key: .Name, value: .Value}] | from_entries' ||
    fail "cannot read the parameters of ${CLAIM%/*}" "aws ssm get-parameters --names ${CLAIM}"
}

parameter() { jq -r --arg name "$1" '.[$name] // ""' < <(printf '%s' "${remembered}"); }

# The value comes on stdin, so that a token is never an argument.
write_parameter() { # NAME TYPE [--overwrite]
  local value
  value=$(tr -d '\n')
  granted put_parameter "$1" "$2" "${value}" "${@:3}"
}

# printf is of the shell itself: its arguments are in no process list.
put_parameter() { # NAME TYPE VALUE [--overwrite]
  printf '%s' "$3" | aws ssm put-parameter --name "$1" --type "$2" --value file:///dev/stdin "${@:4}" >/dev/null
}

# Without --overwrite Parameter Store takes the first of two that come at the same time.
claim() { # PROGRESS
  local own="claimed ${METALS_DATA_VOLUME_ID}"
  case $1 in
    '')
      echo "${own}" | write_parameter "${CLAIM}" String ||
        fail "another node has claimed the Swarm of stage ${SSM_Stage} meanwhile" "aws ssm get-parameter --name ${CLAIM}"
      ;;
    "${own}") log "an interrupted initialisation goes on" ;;
    *)
      # Nobody has joined: swarm-join waits for `initialised`.
      log "an initialisation on another volume was interrupted ($1), and begins again on this one"
      echo "${own}" | write_parameter "${CLAIM}" String --overwrite
      ;;
  esac
}

# A manager that listens has a Swarm, whatever became of the claim.
refuse_second_swarm() {
  local address
  for address in ${SSM_ManagerAddresses//,/ }; do
    [[ ${address} == "${OWN_ADDRESS}" ]] || ! reaches "${address}" "${SWARM_PORT}" ||
      fail "the manager at ${address} has a Swarm already, and ${CLAIM} does not name it: manager-1 creates no second one" \
        "on that manager: docker info | grep ClusterID; then aws ssm put-parameter --name ${CLAIM} --type String --value 'initialised <that id>', and deploy again"
  done
}

initialise() { # PROGRESS
  refuse_second_swarm
  claim "$1"
  docker swarm init --advertise-addr "${OWN_ADDRESS}" --default-addr-pool "${SSM_AddressPool}" \
    --default-addr-pool-mask-length "${ADDRESS_POOL_MASK_BITS}" >/dev/null
  log "the Swarm is created on ${OWN_ADDRESS}, address pool ${SSM_AddressPool}"
}

rejoin() { # ID OF THE SWARM
  [[ ${SSM_ManagerAddresses} == *,* ]] ||
    fail "the Swarm $1 of stage ${SSM_Stage} had this one manager, and its state is not on volume ${METALS_DATA_VOLUME_ID}; a new Swarm would be without its services and secrets" \
      "restore the volume (docs/nodes.md, Snapshots); or, to begin a new Swarm, which all workers then join with the data that they hold: aws ssm delete-parameter --region ${AWS_REGION} --name ${CLAIM}, and deploy again"
  log "the Swarm $1 lives on the other managers, if anywhere: manager-1 joins them"
  join_swarm manager "${SSM_ManagerAddresses}"
  wait_until 60 "waiting to be a node of the Swarm" is_member
}

become_member() { # PROGRESS
  refuse_half_member
  if [[ $1 == 'initialised '* ]]; then rejoin "${1#initialised }"; else initialise "$1"; fi
}

publish_token() { # ROLE
  local path token published
  path=$(swarm_parameter "$1-token")
  token=$(docker swarm join-token -q "$1")
  published=$(parameter "${path}")
  [[ ${published} != "${token}" ]] || return 0
  docker swarm join-token -q "$1" | write_parameter "${path}" SecureString --overwrite
  log "the join token of ${1}s is in ${path}"
}

verify() { # PROGRESS
  local info pool id
  info=$(docker_query /info)
  jq -e '.Swarm.ControlAvailable' <<<"${info}" >/dev/null || fail "this node is in a Swarm, but no manager of it"
  id=$(jq -r .Swarm.Cluster.ID <<<"${info}")
  [[ $1 != 'initialised '* || $1 == "initialised ${id}" ]] ||
    fail "volume ${METALS_DATA_VOLUME_ID} holds the Swarm ${id}, but the one of stage ${SSM_Stage} is ${1#initialised }" \
      "give manager-1 its own volume back, or an empty one (docs/nodes.md, A volume that is lost), and deploy again"
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
  inactive)
    [[ ${SSM_Creates} == yes ]] || { log "this node is in no Swarm: a deployment, or the association Rejoin, brings it there" && exit; }
    become_member "${progress}"
    ;;
  *) fail "docker's Swarm state is ${state}: $(docker_query /info | jq -r .Swarm.Error)" "systemctl restart docker, and deploy again" ;;
esac
wait_until 60 "waiting for a majority of the managers" has_majority
verify "${progress}"
publish_token worker
publish_token manager
id=$(docker_query /info | jq -r .Swarm.Cluster.ID)
[[ ${progress} == "initialised ${id}" ]] || echo "initialised ${id}" | write_parameter "${CLAIM}" String --overwrite
log "swarm id ${id}"
