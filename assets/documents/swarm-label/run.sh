#!/bin/bash
# Labels nodes by their fixed address: hostnames may repeat, addresses do not. A label that pins data is never moved,
# because a local volume does not move with it.
require_parameters Labels
take_lock swarm

# A node's address as the Swarm sees it; for a manager, the one that it advertises.
nodes() { docker_query /nodes | jq -c '[.[] | . + {Address: ((.ManagerStatus.Addr // .Status.Addr) | sub(":[0-9]+$"; ""))}]'; }

all_ready() {
  local pair address missing=() seen
  seen=$(nodes)
  for pair in ${SSM_Labels//;/ }; do
    address=${pair%%=*}
    jq -e --arg a "${address}" 'any(.[]; .Address == $a and .Status.State == "ready")' <<<"${seen}" >/dev/null || missing+=("${pair#*=slot:}")
  done
  ((${#missing[@]} == 0)) || { echo "not Ready: ${missing[*]%%,*}" && return 1; }
}

# A node that lost its volume comes back as a second node; the first stays Down for ever.
remove_ghosts() { # ADDRESS
  local id
  for id in $(nodes | jq -r --arg a "$1" '.[] | select(.Address == $a and .Status.State == "down" and .Spec.Role == "worker") | .ID'); do
    docker node rm "${id}" >/dev/null
    log "removed the dead node ${id}, which had the address $1"
  done
}

label() { # ADDRESS LABEL=VALUE
  local id current
  id=$(nodes | jq -r --arg a "$1" '[.[] | select(.Address == $a and .Status.State == "ready")][0].ID')
  current=$(docker_query "/nodes/${id}" | jq -r --arg k "${2%%=*}" '.Spec.Labels[$k] // ""')
  [[ ${current} == "${2#*=}" ]] && return
  docker node update --label-add "$2" "${id}" >/dev/null
  log "node ${id} ($1): $2"
}

refuse_move() { # ADDRESS COMPONENT
  # ZooKeeper has no setting of its own: it goes where Kafka goes.
  local holder component=${2/#zookeeper/kafka}
  holder=$(nodes | jq -r --arg a "$1" --arg k "metals.$2" '.[] | select(.Spec.Labels[$k] == "true" and .Address != $a) | .Spec.Labels["metals.slot"] // .ID')
  [[ -z ${holder} ]] ||
    fail "the data of $2 is on ${holder} and does not move by itself" \
      "keep ${component}Slot=${holder}, and as many nodes as that slot needs, in cdk.json or by -c; or, to leave that data behind, on a manager: docker node update --label-rm metals.$2 <node of ${holder}>"
}

wait_until 300 "waiting for the nodes" all_ready
for pair in ${SSM_Labels//;/ }; do
  address=${pair%%=*}
  remove_ghosts "${address}"
  for name in $(tr ',' ' ' <<<"${pair#*=}"); do
    if [[ ${name} == slot:* ]]; then
      label "${address}" "metals.slot=${name#slot:}"
    else
      refuse_move "${address}" "${name}"
      label "${address}" "metals.${name}=true"
    fi
  done
done
log "$(docker_query /nodes | jq length) nodes, all labelled"
