#!/bin/bash
# What a deployment that failed leaves for whoever looks for its cause: taken before the version before it comes back, which
# replaces the tasks. Never values of secrets: services name them only.
FAILURES_KEPT=5
EVIDENCE_LOG_LINES=200
EVIDENCE_PART_BYTES=200000
EVIDENCE_TASKS=12

# Tasks whose logs may say why, the youngest first: those that have been started and are not as they should be.
telling_tasks() { # the state on stdin
  jq -r --argjson limit "${EVIDENCE_TASKS}" '[.services[] | .name as $name | .problems[] | select(.task_state | IN("new", "pending", "assigned") | not) | {name: $name} + .]
    | sort_by(.timestamp) | reverse | .[:$limit][] | "\(.name) \(.task_id)"'
}

# A part that cannot be taken must not keep the others from being.
part() { # FILE COMMAND…
  local file=$1
  shift
  { timeout 20 "$@" 2>&1 || echo "(ended with exit code $?)"; } | tail -c "${EVIDENCE_PART_BYTES}" >"${file}"
}

keep_evidence() { # STATE SINCE, as seconds of the epoch; prints the folder
  local failures="${METALS_STATE_FOLDER}/failures" folder name task
  folder="${failures}/$(date -u +%Y%m%dT%H%M%SZ)-${SSM_BundleSha256:0:12}"
  rm -rf "${failures}/.incoming"
  mkdir -p "${failures}/.incoming"
  jq . <<<"$1" >"${failures}/.incoming/state.json"
  stack_services | jq . >"${failures}/.incoming/services.json"
  stack_tasks | jq . >"${failures}/.incoming/tasks.json"
  part "${failures}/.incoming/events.txt" docker events --since "$2" --until "$(date +%s)"
  while read -r name task; do
    [[ -n ${task} ]] || continue
    part "${failures}/.incoming/${name}.${task:0:12}.log" docker service logs --raw --timestamps --tail "${EVIDENCE_LOG_LINES}" "${task}"
  done < <(telling_tasks <<<"$1")
  rm -rf "${folder}"
  mv "${failures}/.incoming" "${folder}"
  find "${failures}" -mindepth 1 -maxdepth 1 -type d | sort -r | tail -n +$((FAILURES_KEPT + 1)) | xargs -r rm -rf
  echo "${folder}"
}
