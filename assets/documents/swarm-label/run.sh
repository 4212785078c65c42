#!/bin/bash
# Labels nodes by their fixed address: hostnames may repeat, addresses do not. A label that pins data is never moved,
# because a local volume does not move with it.
require_parameters Labels WaitSeconds
# At once: a manager that is to join waits for nothing here.
require_manager
take_lock label

# A node's address as the Swarm sees it; for a manager, the one that it advertises.
nodes() { docker_query /nodes | jq -c '[.[] | . + {Address: ((.ManagerStatus.Addr // .Status.Addr // "") | sub(":[0-9]+$"; ""))}]'; }

all_ready() {
  local pair address missing=() seen
  seen=$(nodes)
  for pair in ${SSM_Labels//;/ }; do
    address=${pair%%=*}
    jq -e --arg a "${address}" 'any(.[]; .Address == $a and .Status.State == "ready")' <<<"${seen}" >/dev/null || missing+=("${pair#*=slot:}")
  done
  ((${#missing[@]} == 0)) || { echo "not Ready: ${missing[*]%%,*}" && return 1; }
}

# What two managers do at the same time, the Swarm does once; the second looks again.
node_is_gone() { # ID
  local node output
  node=$(docker_query /nodes | jq -c --arg id "$1" '.[] | select(.ID == $id)') || { echo "docker does not say" && return 1; }
  [[ -n ${node} ]] || return 0
  # A manager that is demoted keeps its vote until the others have agreed; one that was given up has none.
  if jq -e .ManagerStatus <<<"${node}" >/dev/null; then
    output=$(docker node demote "$1" 2>&1) || { tail -n 1 <<<"${output}" && return 1; }
    echo "it still has a vote" && return 1
  fi
  output=$(docker node rm --force "$1" 2>&1) || { tail -n 1 <<<"${output}" && return 1; }
}

# A node that lost its volume comes back as a second node; the first stays Down for ever, or Unknown under a new leader, and
# as a manager goes on to count in the majority. Of the one that led before others were given up, the Swarm knows no
# address any more: it is found by its label.
remove_ghosts() { # ADDRESS SLOT
  local ghosts id role data
  ghosts=$(nodes | jq -r --arg a "$1" --arg slot "$2" '
    select(any(.[]; .Address == $a and .Status.State == "ready")) | .[]
    | select(.Status.State != "ready")
    | select(.Address == $a or ((.Address | IN("", "0.0.0.0")) and .Spec.Labels["metals.slot"] == $slot))
    | [.ID, .Spec.Role, ([.Spec.Labels // {} | to_entries[] | select(.key | IN("metals.kafka", "metals.mongodb")) | .key[7:]] | join(","))] | join(" ")')
  [[ -n ${ghosts} ]] || return 0
  while read -r id role data; do
    wait_until 60 "removing the dead node ${id} of $2, a ${role}" node_is_gone "${id}"
    log "the dead node ${id} of $2, a ${role}, is removed"
    [[ -z ${data} ]] || log "the data of ${data} on it is gone: the node that takes its place begins without"
  done <<<"${ghosts}"
}

has_label() { # ADDRESS LABEL=VALUE
  local id current output
  id=$(nodes | jq -r --arg a "$1" '[.[] | select(.Address == $a and .Status.State == "ready")][0].ID // empty') || return 1
  [[ -n ${id} ]] || { echo "it is not Ready" && return 1; }
  current=$(docker_query "/nodes/${id}" | jq -r --arg k "${2%%=*}" '.Spec.Labels[$k] // ""') || return 1
  [[ ${current} != "${2#*=}" ]] || return 0
  output=$(docker node update --label-add "$2" "${id}" 2>&1) || { tail -n 1 <<<"${output}" && return 1; }
  log "node ${id} ($1): $2"
}

label() { wait_until 20 "labelling the node at $1" has_label "$@"; } # ADDRESS LABEL=VALUE

refuse_move() { # ADDRESS COMPONENT
  local holder setting
  holder=$(nodes | jq -r --arg a "$1" --arg k "metals.$2" '.[] | select(.Spec.Labels[$k] == "true" and .Address != $a) | .Spec.Labels["metals.slot"] // .ID')
  [[ -n ${holder} ]] || return 0
  case $2 in
    # ZooKeeper has no setting of its own: it goes where Kafka goes.
    kafka | zookeeper) setting="kafkaSlot=${holder}" ;;
    kafka-*) setting="${holder} in its place in kafkaOtherSlots" ;;
    *) setting="$2Slot=${holder}" ;;
  esac
  fail "the data of $2 is on ${holder} and does not move by itself" \
    "keep ${setting}, and as many nodes as that slot needs, in cdk.json or by -c; or, to leave that data behind, on a manager: docker node update --label-rm metals.$2 <node of ${holder}>, and deploy before the association Relabel gives it back, within half an hour"
}

wait_until "${SSM_WaitSeconds}" "waiting for the nodes" all_ready
for pair in ${SSM_Labels//;/ }; do
  address=${pair%%=*}
  slot=${pair#*=slot:}
  remove_ghosts "${address}" "${slot%%,*}"
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
