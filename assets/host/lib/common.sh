#!/bin/bash
# Shared by the scripts of a node's boot. Settings come from /etc/metals/node.env, as METALS_* variables.
set -Eeuo pipefail
# systemd sets no HOME for services of root; docker and aws need one.
export HOME="${HOME:-/root}" AWS_PAGER=''
# By default the AWS CLI asks instance metadata once, for one second: on a busy node it then says that it has no credentials.
export AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5

METADATA=http://169.254.169.254
# Overridden by tests.
export DATA_ROOT="${METALS_DATA_ROOT:-/var/lib/docker}"
export POLL_SECONDS="${METALS_POLL_SECONDS:-5}"

# All attempts of a boot together may wait so long, so that CloudFormation hears of a failure before its own time-out
# (READY_TIMEOUT in lib/constructs/node-slot.ts).
BOOT_SECONDS="${METALS_BOOT_SECONDS:-1320}"
# Written by the first attempt: when their waits end. It goes with the boot, or when that is over.
export BOOT_END="${METALS_BOOT_END:-/run/metals/boot-end}"

trap 'echo "boot: error: line ${LINENO}: ${BASH_COMMAND}: exit code $?" >&2' ERR

log() { echo "boot: $*" >&2; }

fail() {
  echo "boot: error: $*" >&2
  exit 1
}

# For wait_until: runs a command quietly, and prints the last line of its output if it fails.
try() { # COMMAND…
  local output
  output=$("$@" 2>&1) || { tail -n 1 <<<"${output}" && return 1; }
}

instance_id() {
  local token
  token=$(curl -sSf --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "${METADATA}/latest/api/token")
  curl -sSf --retry 5 -H "X-aws-ec2-metadata-token: ${token}" "${METADATA}/latest/meta-data/instance-id"
}

limit_waits() {
  mkdir -p "$(dirname "${BOOT_END}")"
  [[ -s ${BOOT_END} ]] || echo "$(($(uptime_seconds) + BOOT_SECONDS))" >"${BOOT_END}"
  # shellcheck disable=SC2034 # read by wait.sh
  WAITS_END=$(<"${BOOT_END}")
}
