#!/bin/bash
# In front of every document: strictness, what the node is, and how to say and wait for things.
set -Eeuo pipefail
umask 077
# Run Command may leave HOME unset, which docker and aws need.
export HOME="${HOME:-/root}"
export AWS_REGION="${AWS_REGION:-${AWS_SSM_REGION_NAME:?the SSM agent sets AWS_SSM_REGION_NAME}}"
export AWS_DEFAULT_REGION="${AWS_REGION}" AWS_PAGER=''
# By default the AWS CLI asks instance metadata once, for one second: on a busy node it then says that it has no credentials.
export AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5

METALS_RUN_FOLDER="${METALS_RUN_FOLDER:-/run/metals}"
METALS_STATE_FOLDER="${METALS_STATE_FOLDER:-/var/lib/metals}"
METALS_NODE_FILE="${METALS_NODE_FILE:-/etc/metals/node.env}"
DOCKER_SOCKET="${DOCKER_SOCKET:-/var/run/docker.sock}"

trap 'echo "error: line ${LINENO}: ${BASH_COMMAND}: exit code $?" >&2' ERR

log() { echo "$(date -u +%H:%M:%S) $*" >&2; }

# fail WHAT [NEXT]: what failed and why, then what to do.
fail() {
  echo "error: $1" >&2
  [[ -z ${2:-} ]] || echo "next: $2" >&2
  trap - ERR
  exit 1
}

# An agent older than 3.3.2746.0 passes parameters in no variable, and says nothing.
require_parameters() { # NAME…
  local name variable
  for name in "$@"; do
    variable="SSM_${name}"
    [[ -n ${!variable+set} ]] ||
      fail "parameter ${name} did not arrive as ${variable}: the SSM agent is older than 3.3.2746.0" \
        "update it: aws ssm send-command --document-name AWS-UpdateSSMAgent --instance-ids ${AWS_SSM_INSTANCE_ID:-<id>}"
  done
}

# A document may come before the first boot is over: nothing orders the agent after user data. The first boot ends when
# cloud-init ends; the unit of the boot tells how, because an operator may have started it again since.
load_node() {
  local code=0
  timeout 900 cloud-init status --wait >/dev/null 2>&1 || code=$?
  ((code != 124)) || fail "cloud-init has not ended within 900 s" "look at /var/log/cloud-init-output.log"
  [[ -r ${METALS_NODE_FILE} ]] ||
    fail "${METALS_NODE_FILE} is missing: user data has not run on this node" "look at /var/log/cloud-init-output.log"
  # shellcheck source=/dev/null
  source "${METALS_NODE_FILE}"
}

boot_state() { systemctl is-active metals-boot.service || true; }

# Between two attempts the state is "activating".
boot_is_over() {
  local state
  state=$(boot_state)
  [[ ${state} == active || ${state} == failed ]] || { echo "metals-boot.service is ${state:-unknown}" && return 1; }
}

docker_answers() { docker version >/dev/null 2>&1 || { echo "docker does not answer" && return 1; }; }

# The boot has mounted the volume, grown its file system and started Docker.
await_node() {
  load_node
  wait_until 600 "waiting for the boot of this node" boot_is_over
  if [[ $(boot_state) == failed ]]; then
    journalctl -u metals-boot.service -n 20 --no-pager >&2
    fail "the boot of this node failed as often as it may; its group replaces the instance" \
      "read the lines above; to try once more: systemctl reset-failed metals-boot && systemctl start metals-boot"
  fi
  wait_until 120 "waiting for docker" docker_answers
}

# One run of a document at a time on a node: an association and a deployment may meet.
take_lock() { # NAME
  mkdir -p "${METALS_RUN_FOLDER}"
  exec 9>"${METALS_RUN_FOLDER}/$1.lock"
  flock -w 600 9 || fail "another run of $1 has held ${METALS_RUN_FOLDER}/$1.lock for 600 s" "ps -ef | grep _script.sh"
}

# Runs a call of AWS, and makes it again while it is denied: right after a deployment a grant may not count yet. Its
# output is not held back, so it must print nothing before it can be denied. A pipe into it would be read once.
granted() { # COMMAND…
  local errors code deadline=$((SECONDS + GRANT_SECONDS)) last=''
  while :; do
    code=0
    { errors=$("$@" 2>&1 >&3 3>&-) || code=$?; } 3>&1
    if ((code == 0)) || ! [[ ${errors} =~ ${DENIED} ]]; then break; fi
    errors=$(tail -n 1 <<<"${errors}")
    ((SECONDS < deadline)) || { errors="denied for ${GRANT_SECONDS} s: ${errors}" && break; }
    [[ ${errors} == "${last}" ]] || log "${errors} ($((deadline - SECONDS)) s left)"
    last=${errors}
    sleep 1
  done
  [[ -z ${errors} ]] || echo "${errors}" >&2
  return "${code}"
}

# Docker's own API, where its command line would take a secret as an argument or cut a value short.
docker_api() { # METHOD PATH [curl arguments…]
  local method=$1 path=$2
  shift 2
  curl -sS --fail-with-body --unix-socket "${DOCKER_SOCKET}" -X "${method}" "$@" "http://docker${path}"
}

docker_query() { # PATH [FILTERS as JSON]
  docker_api GET "$1" -G ${2:+--data-urlencode "filters=$2"}
}

swarm_state() { docker_query /info | jq -r .Swarm.LocalNodeState; }

# What Docker answered, or why curl has no answer.
told() { # REPLY
  local message
  message=$({ grep -m 1 '^{' | jq -r '.message // empty'; } <<<"$1" 2>/dev/null) || true
  echo "${message:-$(tail -n 1 <<<"$1")}"
}
