#!/bin/bash
# Seven steps, one JSON line each on stdout. Steps 1 to 6 run as a job inside the overlays, with the services' own
# credentials, because nothing there is published; step 7 asks the Swarm and the published ports.
require_parameters Stage
require_manager
take_lock smoke-test

# In milliseconds, without a fraction.
now_ms() { date +%s%3N; }

# The setup job has the image, the networks and the secrets that the probe needs.
setup_service() { stack_services | jq -c '[.[] | select(.Spec.Name | startswith("metals_setup-"))] | sort_by(.CreatedAt) | last // empty'; }

job_done() { # SERVICE
  local state
  state=$(docker_query /tasks "{\"service\":[\"$1\"]}" | jq -r '[.[].Status.State] | if any(IN("complete", "failed", "rejected")) then "done" else "the probe is \(join(","))" end')
  [[ ${state} == "done" ]] || { echo "${state}" && return 1; }
}

create_probe() { # NAME, specification of the setup service on stdin
  jq -c --arg name "$1" '.Spec
    | .Name = $name | .Labels = {"com.metals.smoke-test": "true"}
    | .TaskTemplate.ContainerSpec.Args = ["smoke"]
    | .TaskTemplate.ContainerSpec.Labels = {}
    | .TaskTemplate.RestartPolicy = {Condition: "none"}
    | .Mode = {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}}' |
    docker_api POST /services/create -H 'Content-Type: application/json' --data-binary @- |
    jq -r .ID
}

remove_probes() { docker service ls -q --filter label=com.metals.smoke-test=true | xargs -r docker service rm >/dev/null; }

operational() { # STATE: what is not
  jq -r '[
      (.nodes[] | select(.state != "ready") | "node \(.slot) is \(.state)"),
      (.services[] | select(.running != .desired) | "\(.name) \(.running)/\(.desired)"),
      (.networks[] | select(.allocated | not) | "network \(.name) is not allocated")
    ] | join(", ")' <<<"$1"
}

final_step() {
  local started state problems='' port value
  started=$(now_ms)
  state=$(stack_state)
  problems=$(operational "${state}")
  for port in 8000 8001; do
    curl -sf -m 5 -o /dev/null "http://127.0.0.1:${port}/health" || problems+="${problems:+, }port ${port} of this node does not answer"
  done
  value=$(jq -r '"\(.nodes | length) nodes, \(.services | length) services, ports 8000 and 8001"' <<<"${state}")
  jq -cn --arg value "${value}" --arg problems "${problems}" --argjson ms $(($(now_ms) - started)) \
    '{step: 7, name: "all operational", ok: ($problems == ""), value: $value, duration_ms: $ms, error: (if $problems == "" then null else $problems end)}'
}

setup=$(setup_service)
[[ -n ${setup} ]] || fail "nothing is deployed on this Swarm" "cdk deploy --all"
remove_probes
trap remove_probes EXIT
probe=$(create_probe "metals-smoke-$(now_ms)" <<<"${setup}")
wait_until 120 "waiting for the probe" job_done "${probe}"
output=$(timeout 20 docker service logs --raw "${probe}" 2>&1)
steps=$(grep '^{"step"' <<<"${output}" | jq -c '.error //= null' || fail "the probe printed no step: $(tail -n 5 <<<"${output}")")
echo "${steps}"
failed=$(jq -rs '[.[] | select(.ok | not)][0] | select(. != null) | "step \(.step) (\(.name)) failed: \(.error)"' <<<"${steps}")
[[ -z ${failed} ]] || fail "${failed}" "metals status --stage ${SSM_Stage}"
[[ $(jq -s length <<<"${steps}") == 6 ]] || fail "the probe ended after $(jq -s length <<<"${steps}") of 6 steps: $(tail -n 3 <<<"${output}")"
last=$(final_step)
echo "${last}"
jq -e .ok <<<"${last}" >/dev/null || fail "step 7 (all operational) failed: $(jq -r .error <<<"${last}")" "metals status --stage ${SSM_Stage}"
