#!/bin/bash
# What the Swarm runs on this node, as far as the next slot of a deployment has to wait for it.

PRODUCER_TIMEOUT_SECONDS="${METALS_PRODUCER_TIMEOUT_SECONDS:-45}"
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

# Producers are spread over the workers with a limit for each, so that one that ran here before comes back here, and a moment
# after others: the manager gives it to this node once it has heard that the old one has ended. With fewer producers than
# workers it may run elsewhere instead, and then it is waited for in vain.
producer_is_back() {
  local states
  states=$(docker ps -a --filter label=com.docker.swarm.service.name=metals_producer --format '{{.State}}') || return 1
  [[ -z ${states} || ${states} == *running* ]] || { echo 'the producer that ran here has not come back' && return 1; }
}

# A broker that runs here now or has run here before, if it is one of several, has all records of its partitions.
broker_is_in_sync() {
  local all id running is_member
  # The newest first.
  all=$(docker ps -aq --filter label=com.docker.swarm.task.id --filter 'name=^metals_kafka') || return 1
  [[ -n ${all} ]] || return 0
  is_member=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "${all%%$'\n'*}" | grep -c '^METALS_KAFKA_CLUSTER_ID=.') || true
  ((is_member > 0)) || return 0
  running=$(docker ps -q --filter label=com.docker.swarm.task.id --filter 'name=^metals_kafka') || return 1
  [[ -n ${running} ]] || { echo 'no broker runs yet' && return 1; }
  for id in ${running}; do
    # An image of before has no such script.
    docker exec "${id}" test -e /opt/metals/in-sync.sh || continue
    timeout 60 docker exec "${id}" /bin/bash /opt/metals/in-sync.sh || return 1
  done
}

stack_status() {
  aws cloudformation describe-stacks --stack-name "${METALS_STACK}" --query 'Stacks[0].StackStatus' --output text
}

rolls_back() {
  (wait_until 60 'asking whether the deployment is being rolled back' try stack_status) && [[ $(stack_status) == *ROLLBACK* ]]
}

# Of several brokers the next one must not go while this one lags: fewer than two would take no event. Whatever else does not
# become healthy is no reason to stop, because what mends it may come with the next stack of the same deployment. Fails where
# the deployment must not go on; the node itself is as it should be.
await_services() {
  replaces_another || return 0
  (wait_until "${PRODUCER_TIMEOUT_SECONDS}" 'waiting for the producer' producer_is_back) || log 'it runs elsewhere'
  (wait_until "${TASKS_TIMEOUT_SECONDS}" 'waiting for the tasks of this node' tasks_are_healthy) ||
    log 'going on without it: metals status tells more'
  (wait_until "${IN_SYNC_TIMEOUT_SECONDS}" 'waiting for the broker to be in sync' broker_is_in_sync) && return
  if rolls_back; then
    log 'going on without it, as the deployment is being rolled back'
  else
    log 'the next slot is not touched, as its broker may be the last but one that takes events'
    return 1
  fi
}
