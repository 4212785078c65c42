#!/bin/bash
# One deployment at a time in the whole Swarm, whichever manager it runs on. The lease is a Docker config: its name lets one
# of two win, and its labels, which Swarm changes by version, say who has it and until when.
LEASE=metals-deploy-lease
# Longer than anything that a deployment does between two renewals.
LEASE_SECONDS="${METALS_LEASE_SECONDS:-300}"
LEASE_RENEWED_AFTER_SECONDS=30
# For a run that is just ending, or finds nothing to do, as an association's beside a deployment.
LEASE_WAIT_SECONDS="${METALS_LEASE_WAIT_SECONDS:-45}"
# Of the lease that this run has.
LEASE_ID='' LEASE_RENEWED=0 LEASE_REFUSAL=''

# The id of the command that runs this script is a folder of the agent's.
command_id() { [[ $0 =~ /([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})/ ]] && echo "${BASH_REMATCH[1]}" || echo unknown; }

lease_labels() { # DOCUMENT
  jq -cn --arg document "$1" --arg node "$(docker_query /info | jq -r .Swarm.NodeID)" --arg instance "${AWS_SSM_INSTANCE_ID:-unknown}" \
    --arg slot "${METALS_SLOT}" --arg command "$(command_id)" --argjson seconds "${LEASE_SECONDS}" '{
      "com.metals.pipeline": "true", "com.metals.lease.document": $document, "com.metals.lease.node": $node,
      "com.metals.lease.instance": $instance, "com.metals.lease.slot": $slot, "com.metals.lease.command": $command,
      "com.metals.lease.since": (now | todate), "com.metals.lease.expires": (now | floor + $seconds | tostring)}'
}

# Pure: what to do about a lease, for someone who has the lock of his node. Its holder there is gone, however it ended.
# The stack may be removed on several managers at a time.
lease_verdict() { # LABELS of who asks, NOW, the lease on stdin
  jq -r --argjson mine "$1" --argjson now "$2" '.Spec.Labels
    | if .["com.metals.lease.node"] == $mine["com.metals.lease.node"] then "left behind"
      elif (.["com.metals.lease.expires"] // "0" | tonumber) <= $now then "expired"
      elif all(., $mine; .["com.metals.lease.document"] == "stack-remove") then "beside"
      else "held" end'
}

describe_lease() { # NOW, the lease on stdin
  jq -r --argjson now "$1" '.Spec.Labels | def of($key): .["com.metals.lease.\($key)"] // "unknown";
    "\(of("document")) on \(of("slot")) (\(of("instance"))), command \(of("command")), since \(of("since")); "
    + "unless it is renewed, its lease ends in \([(of("expires") | tonumber? // $now) - $now, 0] | max) s"'
}

# Two ways on: the first where the holder still runs, the second where its node is gone.
fail_held() { # LEASE, or nothing
  local lease=$1 command
  [[ -n ${lease} ]] || fail "another run holds ${METALS_RUN_FOLDER}/stack.lock, and has no lease yet" "try again"
  command=$(jq -r '.Spec.Labels["com.metals.lease.command"]' <<<"${lease}")
  fail "another deployment is under way: $(describe_lease "$(date +%s)" <<<"${lease}")" \
    "let it end; or take its lease over: aws ssm cancel-command --command-id ${command}, then, as root on a manager, docker config rm ${LEASE}, and try again"
}

# Nothing where there is none.
read_lease() {
  local lease
  lease=$(docker_query "/configs/${LEASE}" 2>/dev/null) || return 0
  echo "${lease}"
}

change_lease() { # LEASE LABELS: fails where it is another version by now
  local version
  version=$(jq -r .Version.Index <<<"$1")
  jq -c --argjson labels "$2" '.Spec | .Labels = $labels' <<<"$1" |
    docker_api POST "/configs/$(jq -r .ID <<<"$1")/update?version=${version}" -H 'Content-Type: application/json' --data-binary @- >/dev/null 2>&1
}

# Leaves the id of the lease in LEASE_ID, or why there is none in LEASE_REFUSAL.
claim_lease() { # LABELS
  local lease answer
  if answer=$(jq -cn --arg name "${LEASE}" --argjson labels "$1" '{Name: $name, Labels: $labels, Data: ("lease" | @base64)}' |
    docker_api POST /configs/create -H 'Content-Type: application/json' --data-binary @- 2>/dev/null); then
    LEASE_ID=$(jq -r .ID <<<"${answer}")
    return
  fi
  lease=$(read_lease)
  [[ -n ${lease} ]] || { LEASE_REFUSAL="docker gives none: ${answer}" && return 1; }
  case $(lease_verdict "$1" "$(date +%s)" <<<"${lease}") in
    held) LEASE_REFUSAL=held && return 1 ;;
    beside) return 0 ;;
  esac
  change_lease "${lease}" "$1" || { LEASE_REFUSAL='somebody else has changed it' && return 1; }
  log "taking over the lease of $(describe_lease "$(date +%s)" <<<"${lease}")"
  LEASE_ID=$(jq -r .ID <<<"${lease}")
}

# Takes the lock of this node, which ends with this process, then the lease of the Swarm.
take_lease() { # DOCUMENT
  local labels deadline=$((SECONDS + LEASE_WAIT_SECONDS))
  mkdir -p "${METALS_RUN_FOLDER}"
  exec 9>"${METALS_RUN_FOLDER}/stack.lock"
  flock -w "${LEASE_WAIT_SECONDS}" 9 || fail_held "$(read_lease)"
  labels=$(lease_labels "$1")
  until claim_lease "${labels}"; do
    if ((SECONDS >= deadline)); then
      [[ ${LEASE_REFUSAL} != held ]] || fail_held "$(read_lease)"
      fail "no lease for this run within ${LEASE_WAIT_SECONDS} s: ${LEASE_REFUSAL}" "on a manager: docker config inspect ${LEASE}"
    fi
    sleep 1
  done
  LEASE_RENEWED=${SECONDS}
}

lose_lease() { # WHY
  LEASE_ID=''
  fail "the lease of this run $1; nothing more is changed here" "on a manager: docker config inspect ${LEASE}; then try again"
}

# Whoever has lost it changes nothing more. A Swarm that does not answer, as while it elects a leader, is asked again until
# the lease would have ended.
renew_lease() {
  local lease labels
  [[ -n ${LEASE_ID} ]] || return 0
  ((SECONDS - LEASE_RENEWED >= LEASE_RENEWED_AFTER_SECONDS)) || return 0
  if lease=$(docker_query "/configs/${LEASE}" 2>/dev/null); then
    [[ $(jq -r '.Spec.Labels["com.metals.lease.command"]' <<<"${lease}") == "$(command_id)" ]] ||
      lose_lease "was taken over: $(describe_lease "$(date +%s)" <<<"${lease}")"
    labels=$(jq -c --argjson seconds "${LEASE_SECONDS}" '.Spec.Labels | .["com.metals.lease.expires"] = (now | floor + $seconds | tostring)' <<<"${lease}")
    ! change_lease "${lease}" "${labels}" || LEASE_RENEWED=${SECONDS}
  elif [[ ${lease} == *'not found'* ]]; then
    lose_lease "was removed"
  fi
  ((SECONDS - LEASE_RENEWED < LEASE_SECONDS)) || lose_lease "could not be renewed for ${LEASE_SECONDS} s: ${lease}"
}

# Not one that somebody has taken over: that has the same id.
release_lease() {
  [[ -n ${LEASE_ID} && $(read_lease | jq -r '.Spec.Labels["com.metals.lease.command"]') == "$(command_id)" ]] || return 0
  docker config rm "${LEASE_ID}" >/dev/null 2>&1 || log "the lease ${LEASE} could not be given back; it ends by itself"
  LEASE_ID=''
}
