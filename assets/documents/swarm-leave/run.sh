#!/bin/bash
# Takes the node of a slot out of the Swarm before its instance goes. It runs on a manager and on the node at the same
# time: the manager drains and demotes the node, the node leaves once its tasks have ended, and the manager removes it.
# Each does its own part if the other is gone. The instance goes in any case, so a wait that runs out is told and the
# next step follows: a task that is cut off is repeated elsewhere, a dead node in the list stays for ever.
require_parameters Slot Address
load_node
take_lock "leave-${SSM_Slot}"
[[ ${SSM_Slot} != manager-1 ]] || fail "manager-1 holds the Swarm and cannot leave it" "cdk destroy --all"

DEMOTE_TIMEOUT_SECONDS="${METALS_DEMOTE_TIMEOUT_SECONDS:-60}"
DRAIN_TIMEOUT_SECONDS="${METALS_DRAIN_TIMEOUT_SECONDS:-120}"
# A node that has left is Down once three heartbeats of five seconds are missing.
DOWN_TIMEOUT_SECONDS="${METALS_DOWN_TIMEOUT_SECONDS:-60}"

# In a subshell, because wait_until ends the script when time is over.
wait_and_go_on() { (wait_until "$@") || log "going on without it"; }

# --- on the node ---

is_worker() { [[ $(docker_query /info | jq -r .Swarm.ControlAvailable) == false ]] || { echo "it is a manager" && return 1; }; }

no_containers() {
  local left
  left=$(docker ps -q --filter label=com.docker.swarm.task.id | wc -l)
  ((left == 0)) || { echo "${left} tasks are left" && return 1; }
}

leave() {
  if [[ $(swarm_state) == inactive ]]; then
    log "this node is in no Swarm"
    return
  fi
  wait_and_go_on "${DRAIN_TIMEOUT_SECONDS}" "waiting for tasks to end" no_containers
  # A manager that left without being demoted would take its vote with it.
  wait_until "${DEMOTE_TIMEOUT_SECONDS}" "waiting to be demoted" is_worker
  docker swarm leave --force >/dev/null
  log "${SSM_Slot} has left the Swarm"
}

# --- on a manager ---

# By address, as in swarm-label: a node that joined in a failed deployment has no labels yet.
node_ids() {
  docker_query /nodes | jq -r --arg a "${SSM_Address}" '.[] |
    select(((.ManagerStatus.Addr // .Status.Addr // "") | sub(":[0-9]+$"; "")) == $a) | .ID'
}

is_down() { # ID
  local state
  state=$(docker_query "/nodes/$1" | jq -r .Status.State)
  [[ ${state} == down ]] || { echo "it is ${state}" && return 1; }
}

# Tasks of a node that is Down keep their last state for a day.
is_drained() { # ID
  local left
  ! is_down "$1" >/dev/null || return 0
  left=$(docker_query /tasks "{\"node\":[\"$1\"]}" | jq '[.[] | select(.Status.State | IN("assigned", "preparing", "ready", "starting", "running"))] | length')
  ((left == 0)) || { echo "${left} tasks are left" && return 1; }
}

remove() { # ID
  docker node update --availability drain "$1" >/dev/null
  wait_and_go_on "${DRAIN_TIMEOUT_SECONDS}" "draining ${SSM_Slot}" is_drained "$1"
  # Not before: a node that is demoted is Down for a moment, and its tasks would no longer count.
  if [[ $(docker_query "/nodes/$1" | jq -r .Spec.Role) == manager ]]; then
    docker node demote "$1" >/dev/null
    log "node $1 is demoted"
  fi
  wait_and_go_on "${DOWN_TIMEOUT_SECONDS}" "waiting for ${SSM_Slot} to leave" is_down "$1"
  docker node rm --force "$1" >/dev/null
  log "node $1 of ${SSM_Slot} is removed"
}

if [[ ${METALS_SLOT} == "${SSM_Slot}" ]]; then
  leave
else
  require_manager
  ids=$(node_ids)
  [[ -n ${ids} ]] || log "no node has the address ${SSM_Address}"
  for id in ${ids}; do remove "${id}"; done
fi
