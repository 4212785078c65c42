#!/bin/bash
# Seven steps, one JSON line each on stdout. Steps 1 to 6 run as a job inside the overlays, with the services' own
# credentials, because nothing there is published; step 7 asks the Swarm and the published ports.
require_parameters Stage
require_manager
take_lock smoke-test

# In milliseconds, without a fraction.
now_ms() { date +%s%3N; }

# What the probe logs in with is what the services log in with: the processor's passwords, the producer's key.
SECRETS='processor/kafka-password-processor|kafka-login-processor processor/mongodb-password-processor|mongodb-uri-processor producer/api-key'

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

remove_jobs smoke-test
trap 'remove_jobs smoke-test' EXIT
# The processor's networks are those of Kafka, of MongoDB and of the edge.
start_job smoke-test "${SECRETS}" processor '["smoke"]'
await_job
output=$(timeout 20 docker service logs --raw "${JOB}" 2>&1)
steps=$(grep '^{"step"' <<<"${output}" | jq -c '.error //= null' || fail "the probe printed no step: $(tail -n 5 <<<"${output}")")
echo "${steps}"
failed=$(jq -rs '[.[] | select(.ok | not)][0] | select(. != null) | "step \(.step) (\(.name)) failed: \(.error)"' <<<"${steps}")
[[ -z ${failed} ]] || fail "${failed}" "metals status --stage ${SSM_Stage}"
[[ $(jq -s length <<<"${steps}") == 6 ]] || fail "the probe ended after $(jq -s length <<<"${steps}") of 6 steps: $(tail -n 3 <<<"${output}")"
last=$(final_step)
echo "${last}"
jq -e .ok <<<"${last}" >/dev/null || fail "step 7 (all operational) failed: $(jq -r .error <<<"${last}")" "metals status --stage ${SSM_Stage}"
