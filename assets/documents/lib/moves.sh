#!/bin/bash
# What the Swarm remembers of a move from one Kafka or MongoDB to another, until it has ended.

# Docker configs that nothing mounts, one for each pair of engines that a move which has not ended goes to.
MOVE=metals-move

move_configs() {
  docker_query /configs "{\"name\":[\"${MOVE}-\"]}" | jq -c --arg name "${MOVE}-" 'map(select(.Spec.Name | startswith($name)))'
}

# Where moves that have not ended go to, as JSON.
moves() { move_configs | jq -c 'map(.Spec.Labels | {kafka: .["com.metals.kafka"], mongodb: .["com.metals.mongodb"]})'; }

# The same of one engine, a line each.
moves_begun() { moves | jq -r --arg engine "$1" '.[][$engine]'; } # kafka|mongodb

# The engines of an earlier move stay remembered, as they may have got events.
remember_move() {
  local name
  name="${MOVE}-$(sha256sum <<<"${METALS_KAFKA} ${METALS_MONGODB}" | cut -c 1-12)"
  [[ $(docker_query /configs "{\"name\":[\"${name}\"]}" | jq length) != 0 ]] ||
    docker config create --label com.metals.pipeline=true --label "com.metals.kafka=${METALS_KAFKA}" --label "com.metals.mongodb=${METALS_MONGODB}" \
      "${name}" - <<<"${METALS_KAFKA} ${METALS_MONGODB}" >/dev/null
}

forget_moves() { move_configs | jq -r '.[].Spec.Name' | xargs -r docker config rm >/dev/null; }

refuse_while_moving() { # WHAT COMES AFTER IT
  local begun
  begun=$(moves)
  [[ ${begun} == '[]' ]] ||
    fail "a move from one Kafka or MongoDB to another has not ended" "let its deployment end, or deploy again, and $1 after that"
}
