#!/bin/bash
# What must hold before a deployment changes anything, beside the networks: overlays.sh. Each check names its own cause.

node_with_label() { # LABEL: its id; one node, no more and no less
  local ids
  ids=$(docker_query /nodes | jq -r --arg k "$1" '.[] | select(.Spec.Labels[$k] == "true") | .ID')
  [[ $(grep -c . <<<"${ids}") == 1 ]] ||
    fail "the label $1=true is on $(grep -c . <<<"${ids}" || :) nodes, expected on exactly one: its data is there" \
      "deploy the stack metals-${SSM_Stage}-swarm, which labels the nodes"
  echo "${ids}"
}

# Data of one mode means nothing to the other, so the mode is written on the node that holds it.
check_kafka_mode() {
  local id=$1 written
  written=$(docker_query "/nodes/${id}" | jq -r '.Spec.Labels["metals.kafka-mode"] // ""')
  [[ -z ${written} || ${written} == "${SSM_KafkaMode}" ]] ||
    fail "Kafka's data on this Swarm was written in ${written} mode and cannot be read in ${SSM_KafkaMode} mode" \
      "set kafkaMode=${written}; or, to lose all events in Kafka: run the document metals-${SSM_Stage}-stack-remove on all nodes with RemoveData=kafka, and deploy again"
}

# Each secret can be read; values are asked for later, and only where Docker has none yet.
check_secrets() {
  local ids id described problem
  ids=$(jq -r '.[].secret_id' "${RELEASE}/secrets.json")
  for id in ${ids}; do
    described=$(granted aws secretsmanager describe-secret --secret-id "${id}" --output json) ||
      fail "secret ${id} is not in Secrets Manager, or may not be read: the line above says which" "$(next_for_secret "${id}")"
    problem=$(jq -r 'if .DeletedDate then "is marked for deletion"
      elif any(.VersionIdsToStages[]?; index("AWSCURRENT")) then "" else "has no current version" end' <<<"${described}")
    [[ -z ${problem} ]] || fail "secret ${id} ${problem}" "aws secretsmanager restore-secret --secret-id ${id}"
  done
}

check_room() {
  local problems
  [[ -e ${RELEASE}/needs.json ]] || { log "the bundle is of a version that tells no reservations: room for it is not checked" && return; }
  problems=$({ scaled_needs <"${RELEASE}/needs.json" && docker_query /nodes && docker_query /tasks && stack_services; } | room_problems)
  [[ -z ${problems} ]] || {
    first_bytes 1200 <<<"${problems}" >&2
    fail "the Swarm has no room for this version" \
      "choose a larger instanceType or more workers, or reserve less in assets/stack/stack.yml; a label that is missing: deploy the stack metals-${SSM_Stage}-swarm"
  }
}
