#!/bin/bash
# Runs the tools as a job inside the overlays, where Kafka is, with Kafka's admin login and no other secret.
# Prints the job's JSON lines whole, or nothing: the last one is `end`, or `error` with why and what next.
require_parameters Stage Action Offsets Reason SinceSeconds From Before Limit DryRun
require_manager
take_lock dead-letters

LOG_TIMEOUT_SECONDS="${METALS_LOG_TIMEOUT_SECONDS:-15}"
# The agent cuts what has so many bytes, or more.
OUTPUT_LIMIT_BYTES=24000
OFFSETS_LIMIT=100
FOLDER="${METALS_RUN_FOLDER}/dead-letters"

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

# The log of a task on another node may arrive a moment after its end.
read_output() { # SERVICE
  timeout 20 docker service logs --raw "$1" >"${FOLDER}/out" 2>"${FOLDER}/err" || true
  tail -n 1 "${FOLDER}/out" | grep -qE '^\{"(end|error)":' || { echo "its last line is missing" && return 1; }
}

offset_count=$(tr ',' '\n' <<<"${SSM_Offsets}" | wc -l)
((offset_count <= OFFSETS_LIMIT)) ||
  fail "Offsets names ${offset_count} dead letters, expected at most ${OFFSETS_LIMIT}" "ask for them in several calls, or by Reason"
clean_up() { rm -rf "${FOLDER}" && remove_jobs dead-letters; }
clean_up
trap clean_up EXIT
mkdir -p "${FOLDER}"
arguments=$(request | jq -c '["dlq", tojson]')
start_job dead-letters 'setup/kafka-password-admin|kafka-login-admin' setup "${arguments}"
await_job
(wait_until "${LOG_TIMEOUT_SECONDS}" "reading what the job printed" read_output "${JOB}") ||
  fail "the job ended without its last line: $(job_errors "${JOB}") $(tail -n 5 "${FOLDER}/err" "${FOLDER}/out" | tail -c 1500)" \
    "metals status --stage ${SSM_Stage}"
size=$(wc -c <"${FOLDER}/out")
((size < OUTPUT_LIMIT_BYTES)) ||
  fail "the job printed ${size} bytes, and Systems Manager keeps fewer than ${OUTPUT_LIMIT_BYTES}: nothing is shown, rather than a part" \
    "ask for fewer with a lower Limit"
cat "${FOLDER}/out"
error=$(tail -n 1 "${FOLDER}/out" | jq -c '.error // empty')
[[ -z ${error} ]] || fail "$(jq -r .why <<<"${error}")" "$(jq -r .next <<<"${error}")"
