#!/bin/bash
# Jobs of the tools whose output is one JSON line.

# Runs a job and leaves its line in TOLD.
tell_of_job() { # LABEL SPECIFICATION
  local output
  renew_lease
  remove_jobs "$1"
  create_job "$2"
  await_job
  renew_lease
  output=$(timeout 20 docker service logs --raw "${JOB}" 2>&1 || true)
  TOLD=$(jq -cR 'fromjson? | objects' <<<"${output}" | tail -n 1)
  [[ -n ${TOLD} ]] || fail "the job $1 has told nothing: $(job_errors "${JOB}") $(tail -n 3 <<<"${output}" | first_bytes 400)"
  remove_jobs "$1"
}
