#!/bin/bash
# The tools, run once as a job inside the overlays: nothing there is published. Time-out and cancel are SIGKILL, so each
# run begins by removing the job and the folder that an earlier one may have left; what a trap removes, it removes sooner.

JOB_TIMEOUT_SECONDS="${METALS_JOB_TIMEOUT_SECONDS:-180}"

# The newest setup service, whose image and configuration the tools run with.
setup_service() { # SERVICES
  jq -c '[.[] | select(.Spec.Name | startswith("metals_setup-"))] | sort_by(.CreatedAt) | last // empty' <<<"$1"
}

# For jq: a service of the stack as a job beside it, which runs once.
# shellcheck disable=SC2016 # jq's variables
AS_JOB='def as_job($kind; $name): .Name = $name | .Labels = {("com.metals." + $kind): "true"} | .TaskTemplate.ContainerSpec.Labels = {}
  | .TaskTemplate.RestartPolicy = {Condition: "none"} | .Mode = {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}};'

job_name() { echo "metals-$1-$(date +%s%3N)"; } # LABEL

# Pure: the specification of a job, from the services of the stack. It has the secrets that it is given and no other, each
# as a service of the stack has it now, of two API keys the current one, and the networks of one service, without its names.
# Of several secrets with a bar between them it has the one that the service has: that of the own engine, or of another's.
job_specification() { # SERVICES LABEL SECRETS as service/secret[|secret]… NETWORKS' SERVICE ARGUMENTS as JSON [SETUP JOB]; fails by name
  jq -c --arg kind "$2" --arg secrets "$3" --arg networks "$4" --argjson arguments "$5" --arg setup "${6:-setup}" --arg name "$(job_name "$2")" "${AS_JOB}"'
    def newest($service): [.[] | select(.Spec.Name | test("^metals_" + $service + "(-[0-9a-z]+)?$"))] | sort_by(.CreatedAt) | last
      // error("the stack has no service \($service)");
    def secret($service; $names): newest($service) as $has | first($names | split("|")[] as $secret
        | $has.Spec.TaskTemplate.ContainerSpec.Secrets[]?
        | select((.SecretName | test("^" + $secret + "-[^-]+$")) and (.File.Name | endswith("-other") | not))
        | {SecretID, SecretName, File: {Name: $secret, UID: "1000", GID: "1000", Mode: 256}})
      // error("the service \($service) has no secret \($names | gsub("[|]"; " or "))");
    [$secrets | split(" ")[] | split("/")] as $wanted
    | [$wanted[] as [$service, $secret] | secret($service; $secret)] as $references
    | [newest($networks).Spec.TaskTemplate.Networks[] | {Target}] as $targets
    | newest($setup).Spec | as_job($kind; $name)
    | .TaskTemplate.ContainerSpec.Args = $arguments
    | .TaskTemplate.ContainerSpec.Secrets = $references
    | .TaskTemplate.Placement.Constraints = ["node.role==manager"]
    | .TaskTemplate.Networks = $targets' <<<"$1"
}

remove_jobs() { # LABEL
  docker service ls -q --filter "label=com.metals.$1=true" | xargs -r docker service rm >/dev/null
}

# Of the stack as it is; leaves the specification in SPECIFICATION.
specify_job() { # LABEL SECRETS NETWORKS' SERVICE ARGUMENTS as JSON
  local services
  services=$(stack_services)
  [[ -n $(setup_service "${services}") ]] || fail "nothing is deployed on this Swarm" "cdk deploy --all"
  SPECIFICATION=$(job_specification "${services}" "$@") ||
    fail "a job of the tools cannot be made from the stack as it is" "cdk deploy --all"
}

start_job() { # as specify_job; leaves the id of the job in JOB
  specify_job "$@"
  create_job "${SPECIFICATION}"
}

create_job() { # SPECIFICATION; leaves its id in JOB
  JOB=$(docker_api POST /services/create -H 'Content-Type: application/json' --data-binary @- <<<"$1" | jq -r .ID)
}

job_done() { # SERVICE
  local state
  state=$(docker_query /tasks "{\"service\":[\"$1\"]}" |
    jq -r '[.[].Status.State] | if any(IN("complete", "failed", "rejected")) then "done" else "the job is \(join(","))" end')
  [[ ${state} == "done" ]] || { echo "${state}" && return 1; }
}

await_job() { wait_until "${JOB_TIMEOUT_SECONDS}" "waiting for the job" job_done "${JOB}"; }

job_errors() { # SERVICE
  docker_query /tasks "{\"service\":[\"$1\"]}" | jq -r '[.[].Status.Err // empty] | join("; ")'
}
