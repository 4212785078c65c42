#!/bin/bash
# The networks of the stack, as networks.json of its release wants them: looked at before anything changes, and made.
ALLOCATION_TIMEOUT_SECONDS="${METALS_ALLOCATION_TIMEOUT_SECONDS:-20}"

create_network() { # WANTED, an entry of networks.json
  local name options
  name=$(jq -r .name <<<"$1")
  mapfile -t options < <(jq -r '"--subnet", .subnet, (select(.encrypted) | "--opt", "encrypted"), (select(.internal) | "--internal")' <<<"$1")
  docker network create --driver overlay --label com.metals.pipeline=true "${options[@]}" "${name}" >/dev/null
  log "network ${name} is made: $(jq -r '"\(.subnet), encrypted: \(.encrypted), internal: \(.internal)"' <<<"$1")"
}

# Names the network that is in the way, whose it is, and what removes it; removing this stack would change nothing.
fail_collision() { # NAME SUBNET WHAT OTHERS
  [[ $4 != '[]' ]] ||
    fail "network $1 $3, and no network that Docker lists here overlaps its subnet $2" \
      "look for 'Failed allocation' on the leader: journalctl -u docker"
  fail "network $1 $3: its subnet $2 overlaps $(jq -r '[.[] | "\(.name) (\(.subnet), \(.owner))"] | join(", ")' <<<"$4")" \
    "$(jq -r '([.[].command // empty] | unique) as $commands
      | if ($commands | length) > 0 then "on a manager: \($commands | join("; "))" else "give the network another range in the configuration" end' <<<"$4"), then deploy again"
}

fail_network() { # NAME PROBLEM
  fail "network $1 $2" "networks are never changed in place: run the document metals-${SSM_Stage}-stack-remove, then deploy again"
}

wanted_networks() { # ENCRYPTION
  jq -c --arg encryption "$1" '.[] | .encrypted = (.encrypted and $encryption == "on")' "${RELEASE}/networks.json"
}

# What can be known of networks before one is made.
check_networks() { # ENCRYPTION
  local all wanted name subnet found problem others
  all=$(wanted_networks "$1")
  while read -r wanted; do
    name=$(jq -r .name <<<"${wanted}")
    subnet=$(jq -r .subnet <<<"${wanted}")
    problem='cannot be made'
    if found=$(docker_query "/networks/${name}" 2>/dev/null); then
      problem=$(network_problem "${wanted}" <<<"${found}")
      [[ -n ${problem} ]] || continue
      [[ ${problem} == 'is not allocated'* ]] || fail_network "${name}" "${problem}"
      problem='is not allocated'
    fi
    others=$(docker_query /networks | overlapping_networks "${name}" "${subnet}")
    # One that is not allocated yet may have been made a moment ago, by a run that was killed.
    [[ ${others} == '[]' ]] || fail_collision "${name}" "${subnet}" "${problem}" "${others}"
  done <<<"${all}"
}

ensure_network() { # WANTED, an entry of networks.json
  local name subnet problem deadline=$((SECONDS + ALLOCATION_TIMEOUT_SECONDS))
  name=$(jq -r .name <<<"$1")
  subnet=$(jq -r .subnet <<<"$1")
  docker network inspect "${name}" >/dev/null 2>&1 || create_network "$1"
  while true; do
    problem=$(docker_query "/networks/${name}" | network_problem "$1")
    # A new network is allocated a moment after it was made; one that collides never is.
    if [[ ${problem} != 'is not allocated'* ]] || ((SECONDS >= deadline)); then break; fi
    sleep 1
  done
  [[ ${problem} != 'is not allocated'* ]] ||
    fail_collision "${name}" "${subnet}" 'is not allocated' "$(docker_query /networks | overlapping_networks "${name}" "${subnet}")"
  [[ -z ${problem} ]] || fail_network "${name}" "${problem}"
}

ensure_networks() { # ENCRYPTION
  local wanted all
  all=$(wanted_networks "$1")
  while read -r wanted; do ensure_network "${wanted}"; done <<<"${all}"
}
