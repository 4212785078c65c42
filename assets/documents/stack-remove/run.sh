#!/bin/bash
# Removes the stack and waits until its tasks and networks are gone: a deployment that came sooner would race with them.
# Data is removed only by name, and only on the nodes that this runs on; run on all nodes, it is gone everywhere.
require_parameters RemoveData
load_node

tasks_gone() {
  local left
  left=$({ docker_query /nodes && stack_tasks; } | living_tasks)
  [[ ${left} == 0 ]] || { echo "${left} tasks are left" && return 1; }
}

networks_gone() {
  local id left=()
  for id in $(stack_networks | jq -r '.[].Id'); do
    docker network rm "${id}" >/dev/null 2>&1 || left+=("${id}")
  done
  ((${#left[@]} == 0)) || { echo "${#left[@]} networks are in use" && return 1; }
}

forget_kafka() {
  local id
  for id in $(docker_query /nodes | jq -r '.[] | select(.Spec.Labels["metals.kafka-mode"]) | .ID'); do
    docker node update --label-rm metals.kafka-mode "${id}" >/dev/null
  done
  forget_cluster
}

remove_stack() {
  take_lease stack-remove
  trap release_lease EXIT
  docker stack rm "${STACK}" >/dev/null
  # Nothing serves from here on.
  [[ -z $(read_serving) ]] || docker config rm "${SERVING}" >/dev/null
  wait_until 180 "removing the stack" tasks_gone
  wait_until 120 "removing the networks" networks_gone
  log "the stack is removed"
  [[ ${SSM_RemoveData} == none ]] || forget_kafka
}

volumes() {
  case ${SSM_RemoveData} in
    kafka) docker volume ls -q --filter "name=^${STACK}_(kafka|zookeeper)-" ;;
    all) docker volume ls -q --filter "name=^${STACK}_" ;;
  esac
}

volumes_gone() {
  local name left=()
  for name in $(volumes); do docker volume rm "${name}" >/dev/null 2>&1 || left+=("${name}"); done
  ((${#left[@]} == 0)) || { echo "in use: ${left[*]}" && return 1; }
}

case $(swarm_state) in
  active) [[ $(docker_query /info | jq -r .Swarm.ControlAvailable) != true ]] || remove_stack ;;
  *) log "this node is in no Swarm: there is no stack to remove" ;;
esac
if [[ ${SSM_RemoveData} != none ]]; then
  wait_until 120 "removing data" volumes_gone
  log "data on this node is removed: ${SSM_RemoveData}"
fi
