#!/bin/bash
# Before Docker stops, which is what the end of an instance begins with: the edge leaves the load balancer, as it does when it
# is updated. Docker would kill it after ten seconds, and the load balancer notices no sooner.
set -Eeuo pipefail
# A Docker that hangs must not keep the instance from its end.
ANSWER_SECONDS="${METALS_EDGE_ANSWER_SECONDS:-5}"
# As the service's stop_grace_period.
LEAVE_SECONDS="${METALS_EDGE_LEAVE_SECONDS:-45}"

edge=$(timeout "${ANSWER_SECONDS}" docker ps --quiet --filter label=com.docker.swarm.service.name=metals_edge) || {
  echo "edge-leave: docker does not answer: nothing to take out of the load balancer"
  exit 0
}
[[ -n ${edge} ]] || exit 0
timeout "${ANSWER_SECONDS}" docker kill --signal USR1 "${edge}" >/dev/null
timeout "${LEAVE_SECONDS}" docker wait "${edge}" >/dev/null ||
  echo "edge-leave: ${edge} has not ended in ${LEAVE_SECONDS} s"
