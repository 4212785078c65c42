#!/bin/bash
# Makes this node a member of the stage's Swarm if it is none. It never creates one: a node that reaches no manager must
# wait, or fail. A node of another Swarm, whose managers are lost for good, leaves that one; its volumes stay.
require_parameters Stage ManagerAddresses
await_node
wait_until 300 "waiting for the Swarm of stage ${SSM_Stage}" swarm_of_stage
take_lock swarm
wanted=$(swarm_of_stage)
joined=$(joined_swarm)
[[ -z ${joined} || ${joined} == "${wanted}" ]] || leave_swarm "it was ${joined}, and the one of stage ${SSM_Stage} is ${wanted}"

state=$(swarm_state)
case ${state} in
  active) log "this node is in the Swarm" ;;
  inactive)
    refuse_half_member
    join_swarm "${METALS_ROLE}" "${SSM_ManagerAddresses}"
    ;;
  *) fail "docker's Swarm state is ${state}: $(docker_query /info | jq -r .Swarm.Error)" "systemctl restart docker" ;;
esac
wait_until 60 "waiting to be a node of the Swarm" is_member
is_manager=$(docker_query /info | jq -r .Swarm.ControlAvailable)
[[ ${METALS_ROLE} != manager || ${is_manager} == true ]] || fail "this node should be a manager, but joined as a worker"
[[ ${METALS_ROLE} != worker || ${is_manager} == false ]] || fail "this node should be a worker, but is a manager"
[[ ${METALS_ROLE} != manager ]] || ! has_majority >/dev/null || withdraw_recovery
log "${METALS_SLOT} is node $(docker_query /info | jq -r .Swarm.NodeID) of the Swarm ${wanted}"
