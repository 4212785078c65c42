#!/bin/bash
# What the Swarm remembers of a move from one Kafka or MongoDB to another, until it has ended.

# Docker configs that nothing mounts, one for each pair of engines that a move which has not ended goes to.
MOVE=metals-move

# Where moves that have not ended go to, a line each.
moves_begun() { # kafka|mongodb
  docker_query /configs "{\"name\":[\"${MOVE}-\"]}" | jq -r --arg name "${MOVE}-" --arg key "com.metals.$1" \
    '.[] | select(.Spec.Name | startswith($name)) | .Spec.Labels[$key]'
}

# The engines of an earlier move stay remembered, as they may have got events.
remember_move() {
  local name
  name="${MOVE}-$(sha256sum <<<"${METALS_KAFKA} ${METALS_MONGODB}" | cut -c 1-12)"
  [[ $(docker_query /configs "{\"name\":[\"${name}\"]}" | jq length) != 0 ]] ||
    docker config create --label com.metals.pipeline=true --label "com.metals.kafka=${METALS_KAFKA}" --label "com.metals.mongodb=${METALS_MONGODB}" \
      "${name}" - <<<"${METALS_KAFKA} ${METALS_MONGODB}" >/dev/null
}

forget_moves() {
  docker_query /configs "{\"name\":[\"${MOVE}-\"]}" | jq -r --arg name "${MOVE}-" '.[].Spec.Name | select(startswith($name))' |
    xargs -r docker config rm >/dev/null
}
