#!/bin/bash
# How often Swarm replaces both of two replicas by a version whose health check fails, with a pause between the two or
# without. On a manager of the lab that is up, as root; it makes a service `race` of its own, and removes it:
#   docker exec -i metals-lab-<instance id> bash -s -- 0s 10 <test/bench/update-race.sh
set -Eeuo pipefail
delay=${1:?usage: update-race.sh DELAY RUNS} runs=${2:?usage: update-race.sh DELAY RUNS} both=0
image=$(docker service inspect metals_producer --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}')
trap 'docker service rm race >/dev/null' EXIT

docker service create --name race --detach --quiet --no-resolve-image --replicas 2 --replicas-max-per-node 1 \
  --constraint node.role==worker --network metals-frontend --endpoint-mode dnsrr --entrypoint node \
  --stop-grace-period 1s --restart-delay 2s --no-healthcheck --env VERSION=0 \
  --update-order stop-first --update-failure-action rollback --update-monitor 30s --update-delay "${delay}" \
  --rollback-order stop-first --rollback-monitor 1s \
  "${image}" -e 'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000)' >/dev/null
sleep 8
for ((run = 1; run <= runs; run++)); do
  docker service update --detach --env-add "VERSION=${run}" --no-healthcheck=false --health-cmd 'exit 1' \
    --health-start-period 1s --health-start-interval 1s --health-interval 1s --health-retries 3 race >/dev/null
  sleep 1
  until [[ $(docker service inspect race --format '{{.UpdateStatus.State}}') == rollback_completed ]]; do sleep 0.5; done
  tasks=$(docker service ps race --no-trunc --quiet)
  # shellcheck disable=SC2086 # ids
  slots=$(docker inspect ${tasks} --format '{{.Slot}} {{.Spec.ContainerSpec.Env}}' | grep -F "VERSION=${run}]" | cut -d ' ' -f 1 | sort -u | wc -l)
  echo "run ${run}: the bad version took ${slots} of 2 replicas"
  ((slots < 2)) || both=$((both + 1))
done
echo "pause ${delay}: both were taken in ${both} of ${runs}"
