#!/bin/bash
# What the Swarm runs on this node, as far as the next slot of a deployment has to wait for it.

TASKS_TIMEOUT_SECONDS="${METALS_TASKS_TIMEOUT_SECONDS:-240}"
IN_SYNC_TIMEOUT_SECONDS="${METALS_IN_SYNC_TIMEOUT_SECONDS:-480}"

# Where the stack was on this node, its tasks are back: at least one, each that runs is healthy, and so is one of each service
# with a data volume here, which can run nowhere else. Others may have moved to other nodes meanwhile.
tasks_are_healthy() {
  local tasks
  tasks=$(docker ps -a --filter label=com.docker.swarm.task.id \
    --format '{{.Label "com.docker.swarm.service.name"}} {{.State}} {{.LocalVolumes}} {{.Status}}') || return 1
  [[ -n ${tasks} ]] || return 0
  awk '
    $3 > 0 { pinned[$1] = 1 }
    $2 == "running" { runs[$1] = 1; any = 1; if ($0 ~ /starting\)|\(unhealthy\)/) { unhealthy[$1] = 1 } }
    END {
      for (service in unhealthy) { print "a task of " service " is not healthy yet"; exit 1 }
      for (service in pinned) if (!(service in runs)) { print service " runs no task yet"; exit 1 }
      if (!any) { print "no task runs yet"; exit 1 }
    }' <<<"${tasks}"
}

# The broker that runs here, if it is one of several.
member_broker() {
  local id
  for id in $(docker ps -q --filter label=com.docker.swarm.task.id --filter 'name=^metals_kafka'); do
    # An image of before has no such script.
    if docker exec "${id}" test -e /tmp/kafka/member -a -e /opt/metals/in-sync.sh; then echo "${id}"; fi
  done
}

brokers_are_in_sync() {
  local id
  for id in $(member_broker); do
    timeout 60 docker exec "${id}" /bin/bash /opt/metals/in-sync.sh || return 1
  done
}

rolls_back() {
  [[ $(aws cloudformation describe-stacks --stack-name "${METALS_STACK}" --query 'Stacks[0].StackStatus' --output text) == *ROLLBACK* ]]
}

# Of several brokers the next one must not go while this one lags: fewer than two would take no event. Whatever else does not
# become healthy is no reason to stop, because what mends it may come with the next stack of the same deployment.
await_services() {
  replaces_another || return 0
  (wait_until "${TASKS_TIMEOUT_SECONDS}" 'waiting for the tasks of this node' tasks_are_healthy) ||
    log 'going on without it: metals status tells more'
  (wait_until "${IN_SYNC_TIMEOUT_SECONDS}" 'waiting for the brokers to be in sync' brokers_are_in_sync) && return
  rolls_back || fail 'the next slot is not touched, as its broker may be the last but one that takes events'
  log 'going on without it, as the deployment is being rolled back'
}
