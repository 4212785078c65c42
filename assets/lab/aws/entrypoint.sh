#!/usr/bin/env bash
# Starts the gateway once what it cannot do without is there.
# LAB_SECRET_FILE: file with the lab's secret access key. DOCKER_SOCKET: the host's Docker, for the nodes.
set -Eeuo pipefail

DOCKER_SOCKET=${DOCKER_SOCKET:-/var/run/docker.sock}

fail() {
  printf 'gateway: %s\n' "$1" >&2
  exit 1
}

[[ -s ${LAB_SECRET_FILE:?} ]] ||
  fail "no secret access key in $LAB_SECRET_FILE; start the lab with \"npm run lab\", which mounts it"
[[ -S $DOCKER_SOCKET ]] ||
  fail "no Docker socket at $DOCKER_SOCKET; start the lab with \"npm run lab\", which mounts it"

exec node /opt/gateway/gateway.js
