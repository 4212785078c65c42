#!/bin/bash
# Sets numbers of replicas once there is room for all of them, and waits until they are healthy. Running replicas go on: what
# is changed beside their number, where new ones may run and how they are updated, restarts none.
require_parameters Stage Replicas DryRun TimeoutSeconds
load_node
require_manager

# Of each service that may have several replicas: how many it has, how many it is to have, how many its deployment says, and
# whether it has to be changed for that; one whose last update was rolled back is, so that it is not taken for this one.
numbers() { # services on stdin
  jq -c --arg asked "${SSM_Replicas}" --arg from "${SCALED_FROM}" --arg to "${SCALED_TO}" --argjson scalable "${SCALABLE}" '
    (map({key: (.Spec.Name | ltrimstr("metals_")), value: (.UpdateStatus.State == "rollback_completed")}) | from_entries) as $rolled |
    ($asked | if . == "none" then [] else split(",") | map(split("=") | {key: .[0], value: (.[1] | tonumber)}) end | from_entries) as $wanted
    | [.[].Spec | (.Name | ltrimstr("metals_")) as $name | select($name | IN($scalable[]))
      | .Mode.Replicated.Replicas as $now | (.Labels // {}) as $labels
      | (if ($labels[$from] // "") == "" then null else ($labels[$from] | tonumber) end) as $deployed
      | {name: $name, from: $now, to: ($wanted[$name] // $now), deployed: ($deployed // $now)}
      | .changes = ($wanted[$name] != null and (.from != .to or $rolled[$name] or
          ([$labels[$from] // "", $labels[$to] // ""] != if .to == .deployed then ["", ""] else [.deployed, .to | tostring] end)))]
    | sort_by(.name)'
}

refuse_unless_settled() { # SERVICES
  local name standing
  for name in ${SSM_Replicas//,/ }; do
    name=${name%=*}
    refuse_during_update "$1" "${name}" "service ${name}"
    [[ ${name} == none ]] || jq -e --arg name "${STACK}_${name}" 'any(.[]; .Spec.Name == $name)' <<<"$1" >/dev/null ||
      fail "service ${name} is not deployed on this Swarm" "metals deploy --stage ${SSM_Stage}"
  done
  [[ ${SSM_Replicas} != *producer*producer* && ${SSM_Replicas} != *processor*processor* ]] ||
    fail "a service is named twice: ${SSM_Replicas}" "say one number for each"
  standing=$(jq -r '[.[] | select(.Spec.Labels["com.metals.rewind.replicas"]) | .Spec.Name | ltrimstr("metals_")] | join(", ")' <<<"$1")
  [[ -z ${standing} ]] || fail "${standing} stands still for a rewind" "let it end; if it was cut off: metals rewind --all --stage ${SSM_Stage}"
  refuse_while_moving scale
}

# With the numbers that are asked for; the next deployment updates all of them, so it has to have room for that as well.
refuse_without_room() { # SERVICES NUMBERS WORKERS
  local producers needs maximum order problems
  producers=$(jq -r '.[] | select(.name == "producer") | .to' <<<"$2")
  read -r maximum order < <(producer_spread "${producers:-1}" "$3")
  needs=$(needs_of_services <<<"$1" | jq -c --argjson numbers "$2" --argjson maximum "${maximum}" --arg order "${order}" '
    map(. as $need | ([$numbers[] | select(.name == $need.name).to][0] // $need.replicas) as $replicas | .replicas = $replicas
      | if .name == "producer" then . + {max_per_node: $maximum, start_first: ($order == "start-first")} else . end)')
  problems=$({ echo "${needs}" && docker_query /nodes && docker_query /tasks && echo "$1"; } | room_problems)
  [[ -z ${problems} ]] || {
    first_bytes 1200 <<<"${problems}" >&2
    fail "the Swarm has no room for ${SSM_Replicas}; nothing was changed" \
      "scale to fewer, or deploy a larger instanceType or more workers: metals deploy --stage ${SSM_Stage} -c workers=NUMBER"
  }
}

scale() { # NAME TO DEPLOYED WORKERS
  local options=(--replicas "$2") maximum order from=$3 to=$2
  if [[ $1 == producer ]]; then
    read -r maximum order < <(producer_spread "$2" "$4")
    options+=(--replicas-max-per-node "${maximum}" --update-order "${order}" --rollback-order "${order}")
  fi
  # As the deployment says: there is nothing to keep.
  ((from != to)) || from='' to=''
  docker service update --detach --no-resolve-image --label-add "${SCALED_FROM}=${from}" --label-add "${SCALED_TO}=${to}" \
    "${options[@]}" "${STACK}_$1" >/dev/null
}

await_service_scaled() { # NAME DEADLINE
  local left=$(($2 - SECONDS))
  await_convergence $((left > 0 ? left : 0)) "$1"
  [[ ${ANSWER} == converged ]] || {
    [[ -z ${STATE} ]] || explain "$(only_service "$1" <<<"${STATE}")"
    fail "service $1 was scaled, and its replicas are not healthy $(not_converged)" \
      "remove the cause above; or go back: metals scale $1=$(jq -r --arg name "$1" '.[] | select(.name == $name).from' <<<"${plan}") --stage ${SSM_Stage}"
  }
}

if [[ ${SSM_DryRun} == false ]]; then
  take_lease service-scale
  trap release_lease EXIT
fi
services=$(stack_services)
plan=$(numbers <<<"${services}")
refuse_unless_settled "${services}"
workers=$(docker_query /nodes | count_workers)
[[ ${SSM_Replicas} == none ]] || refuse_without_room "${services}" "${plan}" "${workers}"
if [[ ${SSM_DryRun} == false && ${SSM_Replicas} != none ]]; then
  deadline=$((SECONDS + SSM_TimeoutSeconds))
  while read -r name to deployed; do scale "${name}" "${to}" "${deployed}" "${workers}"; done < <(jq -r '.[] | select(.changes) | "\(.name) \(.to) \(.deployed)"' <<<"${plan}")
  # As well where it has the number already: a run that was cut off is waited for by the next one.
  for pair in ${SSM_Replicas//,/ }; do await_service_scaled "${pair%=*}" "${deadline}"; done
fi
jq -c --arg dry "${SSM_DryRun}" '{scaled: ($dry == "false" and any(.[]; .changes)), services: map(del(.changes))}' <<<"${plan}"
