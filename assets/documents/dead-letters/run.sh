#!/bin/bash
# Runs the tools as a job inside the overlays, where Kafka is, with what the setup job has: image, networks, secrets.
# Prints the job's JSON lines whole, or nothing: the last one is `end`, or `error` with why and what next.
require_parameters Stage Action Offsets Reason SinceSeconds From Before Limit DryRun
require_manager
take_lock dead-letters

JOB_TIMEOUT_SECONDS="${METALS_JOB_TIMEOUT_SECONDS:-180}"
LOG_TIMEOUT_SECONDS="${METALS_LOG_TIMEOUT_SECONDS:-15}"
# Systems Manager keeps so many characters of what is printed here, and cuts the rest off.
OUTPUT_LIMIT_BYTES=24000
OFFSETS_LIMIT=100

setup_service() { stack_services | jq -c '[.[] | select(.Spec.Name | startswith("metals_setup-"))] | sort_by(.CreatedAt) | last // empty'; }

# What the tools are asked for, as one JSON value; what was not given stays out of it.
request() {
  jq -cn '$ENV | map_values(select(. != "none")) | {
      action: .SSM_Action,
      offsets: (if .SSM_Offsets then .SSM_Offsets | split(",") | map(tonumber) | unique else null end),
      reason: .SSM_Reason, since_seconds: .SSM_SinceSeconds, from: .SSM_From, before: .SSM_Before,
      limit: .SSM_Limit, dry_run: (.SSM_DryRun == "true")
    }
    | map_values(select(. != null))
    | with_entries(if .key | IN("since_seconds", "from", "before", "limit") then .value |= tonumber else . end)'
}

create_job() { # NAME REQUEST, specification of the setup service on stdin
  jq -c --arg name "$1" --arg request "$2" '.Spec
    | .Name = $name | .Labels = {"com.metals.dead-letters": "true"}
    | .TaskTemplate.ContainerSpec.Args = ["dlq", $request]
    | .TaskTemplate.ContainerSpec.Labels = {}
    | .TaskTemplate.RestartPolicy = {Condition: "none"}
    | .Mode = {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}}' |
    docker_api POST /services/create -H 'Content-Type: application/json' --data-binary @- |
    jq -r .ID
}

# Those of a run that was interrupted, too.
remove_jobs() { docker service ls -q --filter label=com.metals.dead-letters=true | xargs -r docker service rm >/dev/null; }

job_done() { # SERVICE
  local state
  state=$(docker_query /tasks "{\"service\":[\"$1\"]}" | jq -r '[.[].Status.State] | if any(IN("complete", "failed", "rejected")) then "done" else "the job is \(join(","))" end')
  [[ ${state} == "done" ]] || { echo "${state}" && return 1; }
}

# The log of a task on another node may arrive a moment after its end.
read_output() { # SERVICE
  timeout 20 docker service logs --raw "$1" >"${folder}/out" 2>"${folder}/err" || true
  tail -n 1 "${folder}/out" | grep -qE '^\{"(end|error)":' || { echo "its last line is missing" && return 1; }
}

task_errors() { # SERVICE
  docker_query /tasks "{\"service\":[\"$1\"]}" | jq -r '[.[].Status.Err // empty] | join("; ")'
}

offset_count=$(tr ',' '\n' <<<"${SSM_Offsets}" | wc -l)
((offset_count <= OFFSETS_LIMIT)) ||
  fail "Offsets names ${offset_count} dead letters, expected at most ${OFFSETS_LIMIT}" "ask for them in several calls, or by Reason"
setup=$(setup_service)
[[ -n ${setup} ]] || fail "nothing is deployed on this Swarm" "cdk deploy --all"
folder=$(mktemp -d)
clean_up() { rm -rf "${folder}" && remove_jobs; }
remove_jobs
trap clean_up EXIT
job=$(create_job "metals-dead-letters-$(date +%s%3N)" "$(request)" <<<"${setup}")
wait_until "${JOB_TIMEOUT_SECONDS}" "waiting for the job" job_done "${job}"
(wait_until "${LOG_TIMEOUT_SECONDS}" "reading what the job printed" read_output "${job}") ||
  fail "the job ended without its last line: $(task_errors "${job}") $(tail -n 5 "${folder}/err" "${folder}/out" | tail -c 1500)" \
    "metals status --stage ${SSM_Stage}"
size=$(wc -c <"${folder}/out")
((size <= OUTPUT_LIMIT_BYTES)) ||
  fail "the job printed ${size} bytes, and Systems Manager keeps ${OUTPUT_LIMIT_BYTES}: nothing is shown, rather than a part" \
    "ask for fewer with a lower Limit"
cat "${folder}/out"
error=$(tail -n 1 "${folder}/out" | jq -c '.error // empty')
[[ -z ${error} ]] || fail "$(jq -r .why <<<"${error}")" "$(jq -r .next <<<"${error}")"
