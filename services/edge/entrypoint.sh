#!/bin/bash
# Runs HAProxy. Told to stop, it first fails the health check of a load balancer, so that nothing new is sent here, and
# answers what comes meanwhile, each answer the last of its connection. Then it finishes what is under way, and ends.
set -Eeuo pipefail

CONFIG="${METALS_EDGE_CONFIG:-/etc/metals/haproxy.cfg}"
COMMAND_PORT="${METALS_EDGE_COMMAND_PORT:-8003}"
# As long as a load balancer takes to notice; 0 where there is none.
DRAIN_SECONDS="${METALS_EDGE_DRAIN_SECONDS:-0}"
[[ ${DRAIN_SECONDS} =~ ^[0-9]+$ ]] || {
  echo "entrypoint: METALS_EDGE_DRAIN_SECONDS is ${DRAIN_SECONDS}; expected whole seconds" >&2
  exit 1
}
# Read by haproxy.cfg; without it HAProxy would complain of a bracket.
[[ ${METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS:-} =~ ^[1-9][0-9]*$ ]] || {
  echo "entrypoint: METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS is '${METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS:-}'; expected a whole number from 1" >&2
  exit 1
}
# Goes into a text of JSON in haproxy.cfg.
[[ ${METALS_EDGE_MAINTENANCE:=} =~ ^[A-Za-z0-9\ .,:\;/@_+-]*$ ]] || {
  echo "entrypoint: METALS_EDGE_MAINTENANCE has characters that are none of a message: letters, digits, spaces and .,:;/@_+- are" >&2
  exit 1
}
export METALS_EDGE_MAINTENANCE

haproxy -W -db -f "${CONFIG}" &
haproxy=$!

# shellcheck disable=SC2317 # by the trap
fail_health() {
  exec 3<>"/dev/tcp/127.0.0.1/${COMMAND_PORT}"
  echo 'disable server staying/here' >&3
  cat <&3
  exec 3>&-
}

# shellcheck disable=SC2317 # by the trap
leave() {
  trap '' USR1 TERM
  if ((DRAIN_SECONDS > 0)); then
    echo "entrypoint: leaving: /health fails from now on, and requests are answered for ${DRAIN_SECONDS} s more"
    # In a subshell: a connection that fails must not end this script before HAProxy.
    (fail_health) || echo "entrypoint: HAProxy could not be told that it is leaving" >&2
    sleep "${DRAIN_SECONDS}"
  fi
  kill -USR1 "${haproxy}" 2>/dev/null || echo "entrypoint: HAProxy has ended already"
}
trap leave USR1 TERM

# A signal ends `wait`, not HAProxy.
while kill -0 "${haproxy}" 2>/dev/null; do wait "${haproxy}" || true; done
code=0
wait "${haproxy}" || code=$?
exit "${code}"
