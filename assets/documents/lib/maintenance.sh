#!/bin/bash
# While an operator wants no events to be taken, every edge has what it answers to them in its environment:
# `metals maintenance`. A deployment keeps it.
MAINTENANCE=METALS_EDGE_MAINTENANCE

# The message, empty where events are taken; nothing at all where the edge that is deployed knows of none. Services on stdin.
maintenance_of_edge() {
  jq -r --arg edge "${STACK}_edge" --arg name "${MAINTENANCE}=" '
    .[].Spec | select(.Name == $edge) | .TaskTemplate.ContainerSpec.Env // [] | .[] | select(startswith($name)) | "=" + ltrimstr($name)'
}

# After the settings of a release are exported.
keep_maintenance() {
  local services message
  services=$(stack_services)
  message=$(maintenance_of_edge <<<"${services}")
  export METALS_EDGE_MAINTENANCE=${message#=}
  [[ -z ${METALS_EDGE_MAINTENANCE} ]] || log "under maintenance, as an operator wants: ${METALS_EDGE_MAINTENANCE}"
}
