#!/bin/bash
# Shared by the boot and the documents, which both have `fail` and `log`.

# IAM applies a new grant some seconds after it has accepted it. A refusal that lasts longer is a missing grant.
GRANT_SECONDS="${METALS_GRANT_SECONDS:-60}"
# `aws s3` looks at an object first, and has only the HTTP status of that.
DENIED='\((AccessDenied|AccessDeniedException|UnauthorizedOperation|403)\)'

# When waits end at the latest, in seconds of uptime: a clock that is set does not move it. Empty: they have their own time.
WAITS_END=''

uptime_seconds() {
  local up
  read -r up _ </proc/uptime
  echo "${up%%.*}"
}

# Looks again until a command succeeds. The command prints why it does not, yet; that is the reason when time is over,
# which it is early where AWS goes on denying the call.
wait_until() { # SECONDS WHAT COMMAND…
  local seconds=$1 what=$2 cut='' left deadline denied_until='' reason last=''
  shift 2
  if [[ -n ${WAITS_END} ]]; then
    left=$((WAITS_END - $(uptime_seconds)))
    ((left >= seconds)) || { seconds=$((left > 0 ? left : 0)) && cut=', which is all that the attempts of this boot have left'; }
  fi
  deadline=$((SECONDS + seconds))
  until reason=$("$@"); do
    if [[ ${reason} =~ ${DENIED} ]]; then
      : "${denied_until:=$((SECONDS + GRANT_SECONDS))}"
      ((SECONDS < denied_until)) || fail "${what}: denied for ${GRANT_SECONDS} s: ${reason}"
    else
      denied_until=''
    fi
    ((SECONDS < deadline)) || fail "${what}: not within ${seconds} s${cut}: ${reason:-no reason was given}"
    [[ ${reason} == "${last}" ]] || log "${what}: ${reason} ($((deadline - SECONDS)) s left)"
    last=${reason}
    sleep "${POLL_SECONDS:-1}"
  done
}
