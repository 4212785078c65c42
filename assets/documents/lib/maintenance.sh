#!/bin/bash
# While an operator wants no events to be taken, every edge has what it answers to them in its environment:
# `metals maintenance`. A deployment keeps it.
MAINTENANCE=METALS_EDGE_MAINTENANCE

# The message, empty where events are taken; nothing at all where the edge that is deployed knows of none. Services on stdin.
maintenance_of_edge() {
  jq -r --arg edge "${STACK}_edge" --arg name "${MAINTENANCE}=" '
    .[].Spec | select(.Name == $edge) | .TaskTemplate.ContainerSpec.Env // [] | .[] | select(startswith($name)) | "=" + ltrimstr($name)'
}

# The specification of the edge with another message, its environment in the order that it has: in another one the next
# deployment would take it for changed, and begin every edge anew. Services on stdin.
edge_with_message() { # MESSAGE
  jq -c --arg edge "${STACK}_edge" --arg name "${MAINTENANCE}=" --arg message "$1" '
    .[].Spec | select(.Name == $edge) | (.TaskTemplate.ContainerSpec.Env[] | select(startswith($name))) = $name + $message'
}

set_maintenance() { # SERVICES MESSAGE
  local target
  target=$(jq -r --arg edge "${STACK}_edge" '.[] | select(.Spec.Name == $edge) | "\(.ID)/update?version=\(.Version.Index)"' <<<"$1")
  edge_with_message "$2" <<<"$1" | docker_api POST "/services/${target}" -H 'Content-Type: application/json' --data-binary @- >/dev/null
}

# After the settings of a release are exported.
keep_maintenance() {
  local services message
  services=$(stack_services)
  message=$(maintenance_of_edge <<<"${services}")
  export METALS_EDGE_MAINTENANCE=${message#=}
  [[ -z ${METALS_EDGE_MAINTENANCE} ]] || log "under maintenance, as an operator wants: ${METALS_EDGE_MAINTENANCE}"
}
