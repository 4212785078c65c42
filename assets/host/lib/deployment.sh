#!/bin/bash
# The node's part in a deployment: CloudFormation goes on to the next slot when this one says that it is ready.

SWARM_TIMEOUT_SECONDS="${METALS_SWARM_TIMEOUT_SECONDS:-600}"

# CREATE_IN_PROGRESS and UPDATE_IN_PROGRESS: CloudFormation waits for a signal. Anything else: this instance was
# replaced outside a deployment.
group_status() {
  aws cloudformation describe-stack-resources --stack-name "${METALS_STACK}" \
    --logical-resource-id "${METALS_GROUP}" --query 'StackResources[0].ResourceStatus' --output text
}

group_status_is_known() { try group_status; }

# As it was when the Swarm was waited for.
GROUP_STATUS=''

# A volume that has been in a Swarm before.
holds_swarm() { [[ -s ${DATA_ROOT}/swarm/docker-state.json ]]; }

swarm_info() { docker info --format json | jq -r ".Swarm | $1"; }

# A manager answers `docker node ls` only while a majority of the managers is reachable.
swarm_is_ready() {
  local state
  state=$(swarm_info .LocalNodeState)
  [[ ${state} == active ]] || { echo "the state of this node is ${state} $(swarm_info '.Error // ""')" && return 1; }
  [[ ${METALS_ROLE} == manager ]] || return 0
  [[ $(swarm_info .ControlAvailable) == true ]] || { echo 'this node is no manager' && return 1; }
  try docker node ls -q
}

# Only an update waits: the slot after this one is stopped next, and a quorum must be left. When groups are created,
# the first of several managers could wait for the others for ever.
await_swarm() {
  wait_until 300 "asking CloudFormation for the status of ${METALS_GROUP}" group_status_is_known
  GROUP_STATUS=$(group_status)
  if ! replaces_another; then
    log "${METALS_GROUP} is ${GROUP_STATUS}; the Swarm is not waited for"
    return
  fi
  # Docker tries once when it starts, and never again.
  [[ $(swarm_info .LocalNodeState) != error ]] || systemctl restart docker.service
  wait_until "${SWARM_TIMEOUT_SECONDS}" 'waiting for the Swarm' swarm_is_ready
}

# Once await_swarm has asked.
replaces_another() { [[ ${GROUP_STATUS} == UPDATE_IN_PROGRESS ]] && holds_swarm; }

signal_is_sent() { # SUCCESS|FAILURE INSTANCE
  local status
  status=$(group_status 2>&1) || { tail -n 1 <<<"${status}" && return 1; }
  case ${status} in
    CREATE_IN_PROGRESS | UPDATE_IN_PROGRESS) ;;
    *) log "${METALS_GROUP} is ${status}: nobody waits for a signal" && return 0 ;;
  esac
  try aws cloudformation signal-resource --stack-name "${METALS_STACK}" --logical-resource-id "${METALS_GROUP}" \
    --unique-id "$2" --status "$1"
}

signal() { # SUCCESS|FAILURE
  local id
  id=$(instance_id)
  wait_until 300 "telling CloudFormation $1 for ${METALS_GROUP}" signal_is_sent "$1" "${id}"
}
