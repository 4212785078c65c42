#!/bin/bash
# The way back where a majority of the managers is lost for good: one manager goes on alone with what it knows, and the
# others join it as new nodes. In two steps; between them, whoever sends this ends the instances of the other managers.
#   claim    takes the next number in Parameter Store, which one node alone can take. From then on a manager whose
#            volume knows an older number forgets its Swarm before Docker starts (assets/host/lib/recovery.sh)
#   recover  makes this manager the only one
require_parameters Stage Step
load_node
take_lock swarm
[[ ${METALS_ROLE} == manager ]] || fail "only a manager can go on alone; this node is ${METALS_SLOT}"

RECOVERIES=$(swarm_parameter recovery)

# A node of no Swarm knows nothing with which it could go on.
require_member() {
  local wanted joined
  wanted=$(swarm_of_stage) || fail "it is not known which Swarm is the one of stage ${SSM_Stage}: ${wanted}"
  joined=$(joined_swarm)
  [[ ${joined} == "${wanted}" ]] ||
    fail "${METALS_SLOT} is a member of ${joined:-no Swarm}, and the one of stage ${SSM_Stage} is ${wanted}" \
      "./bin/metals recover --slot <another manager>"
}

# Number, slot and volume of the last one; `0 nobody` where there is none.
last_recovery() {
  granted aws ssm get-parameters-by-path --path "${RECOVERIES}" --output json |
    jq -r '[.Parameters[] | {number: (.Name | split("/") | last | tonumber), value: .Value}]
      | max_by(.number) // {number: 0, value: "nobody"} | "\(.number) \(.value)"'
}

# Beside what the command that sends this asks of the others: managers that listen may still agree.
refuse_majority() {
  local managers address total up=0 silent=()
  if has_majority >/dev/null; then
    withdraw_recovery
    fail "a majority of the managers answers: there is nothing to recover" "./bin/metals status"
  fi
  managers=$(docker_query /info | jq -r '.Swarm | [.NodeAddr, ((.RemoteManagers // [])[].Addr | sub(":[0-9]+$"; ""))] | unique[]')
  total=$(wc -w <<<"${managers}")
  ((total > 1)) || fail "${METALS_SLOT} knows of no other manager, and yet has no leader" "systemctl restart docker"
  for address in ${managers}; do
    if reaches "${address}" "${SWARM_PORT}"; then up=$((up + 1)); else silent+=("${address}"); fi
  done
  ((2 * up <= total)) ||
    fail "${up} of ${total} managers answer on port ${SWARM_PORT}, which is a majority, and yet they have no leader" \
      "look at docker's log on each of them: journalctl -u docker; none may go on alone while they may still agree"
  log "${up} of ${total} managers answer on port ${SWARM_PORT}; silent: ${silent[*]}"
}

claim() {
  local own number progress last last_number holder volume
  refuse_majority
  own=$(own_recovery)
  read -r number progress <<<"${own}"
  last=$(last_recovery)
  read -r last_number holder volume <<<"${last}"
  if ((last_number > number)) && [[ ${holder} != withdrawn && ${volume} != "${METALS_DATA_VOLUME_ID}" ]]; then
    fail "${holder} has claimed recovery ${last_number}; what ${METALS_SLOT} knows of the Swarm is from before" \
      "./bin/metals recover --slot ${holder}; if it is lost for good as well, first: aws ssm put-parameter --name ${RECOVERIES}/${last_number} --type String --value withdrawn --overwrite"
  fi
  # One of this manager's own that was interrupted keeps its number.
  if [[ ${volume:-} != "${METALS_DATA_VOLUME_ID}" ]] || { ((last_number <= number)) && [[ ${progress} == recovered ]]; }; then
    last_number=$(((last_number > number ? last_number : number) + 1))
    aws ssm put-parameter --name "${RECOVERIES}/${last_number}" --type String --value "${METALS_SLOT} ${METALS_DATA_VOLUME_ID}" >/dev/null ||
      fail "another manager has claimed recovery ${last_number} meanwhile" "aws ssm get-parameter --name ${RECOVERIES}/${last_number}"
  fi
  remember_recovery "${last_number}" claimed
  log "${METALS_SLOT} has claimed recovery ${last_number}"
}

recover() {
  local own number progress last last_number holder volume
  own=$(own_recovery)
  read -r number progress <<<"${own}"
  last=$(last_recovery)
  read -r last_number holder volume <<<"${last}"
  [[ ${volume:-} == "${METALS_DATA_VOLUME_ID}" && ${number} == "${last_number}" ]] ||
    fail "${METALS_SLOT} has not claimed a recovery; the last one is ${last}" "./bin/metals recover --slot ${METALS_SLOT}"
  # Cut off in the middle, it leads already, or it can be made to once more.
  if [[ ${progress} == recovered ]] || { [[ -e ${RECOVERY_BEGUN} ]] && has_majority >/dev/null; }; then
    log "${METALS_SLOT} has gone on alone already"
  else
    refuse_majority
    touch "${RECOVERY_BEGUN}"
    docker swarm init --force-new-cluster --advertise-addr "$(docker_query /info | jq -r .Swarm.NodeAddr)" >/dev/null
    wait_until 120 "waiting for this manager to lead" has_majority
    log "${METALS_SLOT} is the only manager; the others join it when their instances are back"
  fi
  end_recovery "${number}"
}

require_member
"${SSM_Step}"
