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
POLL_SECONDS="${METALS_POLL_SECONDS:-5}"
# IAM applies a new grant some seconds after it has accepted it. A refusal that lasts longer is a missing grant.
GRANT_SECONDS="${METALS_GRANT_SECONDS:-60}"
DENIED='\((AccessDenied|AccessDeniedException|UnauthorizedOperation)\)'

trap 'echo "boot: error: line ${LINENO}: ${BASH_COMMAND}: exit code $?" >&2' ERR

log() { echo "boot: $*" >&2; }

die() {
  echo "boot: error: $*" >&2
  exit 1
}

# Runs a command until it succeeds. The command prints why it does not, yet; that is the reason when time is over, which
# it is early where AWS goes on denying the call.
wait_until() { # SECONDS WHAT COMMAND…
  local seconds=$1 what=$2 deadline=$((SECONDS + $1)) denied_until='' reason last=''
  shift 2
  until reason=$("$@"); do
    if [[ ${reason} =~ ${DENIED} ]]; then
      : "${denied_until:=$((SECONDS + GRANT_SECONDS))}"
      ((SECONDS < denied_until)) || die "${what}: denied for ${GRANT_SECONDS} s: ${reason}"
    else
      denied_until=''
    fi
    ((SECONDS < deadline)) || die "${what}: not within ${seconds} s: ${reason:-no reason was given}"
    [[ ${reason} == "${last}" ]] || log "${what}: ${reason} ($((deadline - SECONDS)) s left)"
    last=${reason}
    sleep "${POLL_SECONDS}"
  done
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
