#!/bin/bash
# A new version of a secret reaches the stack in two deployments: in the first both values are accepted, in the second the
# new one alone. What is left to do is read from the Swarm itself, so that the next run finishes what was killed.

# The id of the API key in Secrets Manager, and how the name of a pending one ends: none.
api_key_id='' pending_key=''

# The file in which the producer finds the other key that it accepts, beside api-key.
OTHER_API_KEY=api-key-other

# For jq: tasks that were told to stop and finish what they have begun; of nodes that are away none.
# shellcheck disable=SC2016 # jq's variables
STOPPING='def stopping($nodes): [$nodes[] | select(.Status.State == "ready") | .ID] as $ready
  | select(.DesiredState != "running" and .Status.State == "running" and (.NodeID | IN($ready[])));'

# Names of the secrets that services are specified with, and that tasks still run with, those as well that are stopping.
secrets_in_use() { # services, tasks and nodes, as three JSON values on stdin
  jq -nc "${STOPPING}"'
    [input[] | select(.Spec.Mode.ReplicatedJob | not) | .Spec.TaskTemplate.ContainerSpec] as $services
    | input as $tasks | input as $nodes
    | [$tasks[] | select(.DesiredState == "running"), stopping($nodes) | .Spec.ContainerSpec] as $tasks
    | [($services + $tasks)[] | .Secrets // [] | .[].SecretName] | unique'
}

# As long as a task may take to stop (stop_grace_period in stack.yml).
DRAIN_SECONDS=60

# How many tasks are stopping that have one of these secrets.
stopping_with() { # JSON list of names; tasks, then nodes on stdin
  jq -n --argjson names "$1" "${STOPPING}"'
    input as $tasks | input as $nodes
    | [$tasks[] | stopping($nodes) | select(any(.Spec.ContainerSpec.Secrets // [] | .[]; .SecretName | IN($names[])))] | length'
}

# Whoever stops finishes what it has begun, and may log in anew for it.
await_stopped() { # JSON list of names
  local until=$((SECONDS + DRAIN_SECONDS))
  while [[ $({ stack_tasks && docker_query /nodes; } | stopping_with "$1") != 0 ]]; do
    if ((SECONDS >= until)); then
      log "a task that was told to stop has not ended within ${DRAIN_SECONDS} s: it is refused from now on" >&2
      return
    fi
    sleep 2
  done
}

# Names of the secrets that a service would have again if it went back to its specification before.
secrets_before() { # services on stdin
  jq -c '[.[] | .PreviousSpec // empty | select(.Mode.ReplicatedJob | not) | .TaskTemplate.ContainerSpec.Secrets // [] | .[].SecretName] | unique'
}

# Which other key the producer is to accept beside the current one: one that is pending; else the one that it was given
# before, as long as there may be a task that does not take the current one. Nothing where there is none.
other_api_key() { # CURRENT [PENDING], as they end Docker's names; services on stdin
  jq -r --arg current "$1" --arg pending "${2:-}" --arg other "${OTHER_API_KEY}" '
    ([.[] | select(.Spec.Name == "metals_producer") | .Spec.TaskTemplate.ContainerSpec.Secrets // [] | .[]
      | select(.SecretName | startswith("api-key-")) | {key: .File.Name, value: (.SecretName | ltrimstr("api-key-"))}]
      | from_entries) as $has
    | if $pending != "" then $pending
      elif $has["api-key"] == null then ""
      elif $has["api-key"] == $current then $has[$other] // ""
      elif $has[$other] == $current then ""
      else $has["api-key"] end
    | if . == $current then "" else . end'
}

# Names that the second list lacks.
names_without() { # two JSON lists
  jq -cn --argjson all "$1" --argjson taken "$2" '$all - $taken'
}

names_as_json() { jq -Rnc '[inputs | select(. != "")] | unique'; } # a name a line on stdin

synced_names() {
  local key
  for key in "${!SYNCED[@]}"; do docker_name "${key}" "${SYNCED[${key}]}"; done
}

# What the document stack-deploy does with these, in this order. It leaves the key that is pending in pending_key, and as
# JSON lists of names: wanted, what this deployment names; in_use, what was in use before it; outdated, what of that goes.

# Whether this is a rotation, and what else is accepted until it ends. A key that is pending is accepted beside the current
# one, so that it can be made the current one whenever its clients are ready.
plan_rotation() {
  local pending services
  wanted=$(synced_names | names_as_json)
  pending=$(pending_version "${api_key_id}")
  if [[ -n ${pending} ]]; then
    sync_version "${api_key_id}" "${pending}" api-key
    pending_key=${SYNCED["api-key"]}
    SYNCED["api-key"]=${METALS_SECRET_VERSION_API_KEY}
    wanted=$({ jq -r '.[]' <<<"${wanted}" && docker_name api-key "${pending_key}"; } | names_as_json)
  fi
  services=$(stack_services)
  in_use=$({ echo "${services}" && stack_tasks && docker_query /nodes; } | secrets_in_use)
  outdated=$(names_without "${in_use}" "${wanted}")
  export METALS_SECRET_VERSION_API_KEY_OTHER METALS_RETIRE=yes
  METALS_SECRET_VERSION_API_KEY_OTHER=$(other_api_key "${METALS_SECRET_VERSION_API_KEY}" "${pending_key}" <<<"${services}")
  # What a task still logs in with is not taken away from it.
  [[ ${outdated} == '[]' ]] || METALS_RETIRE=no
}

# Every task has the new values and has proved them: the old ones are refused from here on. Deployed a third time where a
# service could go back to them: a deployment makes the specification before this one the one to go back to.
finish_rotation() {
  [[ ${outdated} != '[]' ]] || return 0
  await_stopped "${outdated}"
  log "the new secrets are in use; refused from now on: $(jq -r 'join(", ")' <<<"${outdated}")" 2>&1
  METALS_SECRET_VERSION_API_KEY_OTHER=${pending_key}
  METALS_RETIRE=yes
  deploy "${SSM_KafkaMode}" --prune
  converge
  [[ $(names_without "$(stack_services | secrets_before)" "${wanted}") != '[]' ]] || return 0
  deploy "${SSM_KafkaMode}" --prune
  converge
}

# As one line of JSON, which secrets have changed by this run.
tell_rotated() {
  jq -cn --argjson new "$(names_without "${wanted}" "${in_use}")" --argjson old "${outdated}" \
    '{rotated: ($new + $old | map(sub("-[^-]+$"; "")) | unique)}'
}
