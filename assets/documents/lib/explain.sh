#!/bin/bash
# Why a stack has not converged, in as many bytes as CloudFormation's event has room for.

# The reason in CloudFormation has room for some 1,700 bytes of this, at most 560 for each service, so that a long line of its
# log fits beside its tasks; all of it is on stdout, which goes to the log group whole.
EXPLANATION_LIMIT_BYTES=1500
SERVICE_LIMIT_BYTES=560
TASKS_LIMIT_BYTES=240
LOG_LINES=3

# A log that cannot be read must not hide the other reasons.
task_log() { # TASK
  { timeout 15 docker service logs --raw --tail 40 "$1" 2>&1 || echo "(no log)"; } | cut -c 1-2000
}

explain_service() { # STATE SERVICE LOG: bounded; what its tasks and the last telling lines of its log say
  local lines
  lines=$(telling_lines <<<"$3" | complaints | tail -n "${LOG_LINES}" | cut -c 1-320 | sed 's/^/    /')
  {
    describe_service "$2" <<<"$1" | cut -c 1-160 | first_bytes "${TASKS_LIMIT_BYTES}"
    [[ -z ${lines} ]] || printf '  last lines of its log:\n%s\n' "${lines}"
  } | first_bytes "${SERVICE_LIMIT_BYTES}"
}

# On stderr the causes, the likely root first, within the limit; on stdout every unhappy service with more of its log.
explain() { # STATE
  # Lengths in bytes.
  local name task log told rest=() text LC_ALL=C
  text=$(describe_ground <<<"$1" | first_bytes "${SERVICE_LIMIT_BYTES}")
  while read -r name; do
    [[ -n ${name} ]] || continue
    task=$(task_with_log "${name}" <<<"$1")
    log=''
    [[ -z ${task} ]] || log=$(task_log "${task}")
    describe_service "${name}" <<<"$1"
    cut -c 1-240 <<<"${log}"
    told=$(explain_service "$1" "${name}" "${log}")
    if ((${#text} + ${#told} < EXPLANATION_LIMIT_BYTES)); then text+="${text:+$'\n'}${told}"; else rest+=("${name}"); fi
  done < <(unhappy_services <<<"$1")
  echo "${text}" >&2
  ((${#rest[@]} == 0)) || echo "also unhappy, in the log group /metals/${SSM_Stage}/documents: ${rest[*]}" | cut -c 1-160 >&2
}
