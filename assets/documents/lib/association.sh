#!/bin/bash
# A deployment that nobody has asked for: an association runs it every half hour on each manager, and it mostly finds nothing to do.

# For the association, which looks every half hour: nothing to do where the Swarm has all secrets as they are, and no other.
# What it would deploy again may not be what serves by now. An update that a killed run has left is waited for: some tasks
# have what its service says, and whoever asked would take a key for accepted that the others refuse.
leave_unless_asked() {
  local here services serving updating
  [[ ${SSM_OnlyWhen} == secrets-changed ]] || return 0
  services=$(stack_services)
  serving=$(jq -r '.[] | select(.Spec.Name == "metals_producer") | .Spec.Labels["com.metals.deployment"]' <<<"${services}")
  if [[ ${serving} != "${METALS_DEPLOYMENT}" ]]; then
    log "${serving:-nothing} is deployed, and this is ${METALS_DEPLOYMENT}: left to whoever deploys"
    jq -cn --arg serving "${serving:-nothing}" '{rotated: [], left: $serving}'
    exit 0
  fi
  here=$(docker_query /secrets '{"label":["com.metals.pipeline=true"]}' | jq -c '[.[].Spec.Name]')
  updating=$(jq 'any(.[]; .UpdateStatus.State == "updating")' <<<"${services}")
  [[ ${updating}$(names_without "${wanted}" "${in_use}")$(names_without "${here}" "${wanted}") == 'false[][]' ]] || return 0
  log "the stack has all secrets as they are in Secrets Manager"
  set_up_again
  echo '{"rotated":[]}'
  exit 0
}

# Topics, users, rights and indexes that somebody has changed since: a job as the setup job of this deployment puts them right,
# and says what it changes. Of several managers the leader is enough.
set_up_again() {
  local specification output
  docker_query /nodes | jq -e --arg id "$(docker_query /info | jq -r .Swarm.NodeID)" 'any(.[]; .ID == $id and .ManagerStatus.Leader)' >/dev/null || return 0
  # Not the job of the stack itself: it would be incomplete meanwhile, and Docker keeps all its tasks.
  specification=$(setup_service "$(stack_services)" | jq -c --arg name "$(job_name setup-again)" "${AS_JOB}"'.Spec | as_job("setup-again"; $name)')
  [[ -n ${specification} ]] || { log "the setup job of this deployment is gone: the next deployment brings it" && return; }
  renew_lease
  remove_jobs setup-again
  create_job "${specification}"
  await_job
  output=$(timeout 20 docker service logs --raw "${JOB}" 2>&1 || true)
  has_completed "${JOB}" >/dev/null ||
    fail "the setup job has failed when it ran again: $(telling_lines <<<"${output}" | complaints | tail -n 2 | first_bytes 400)" "metals status --stage ${SSM_Stage}"
  remove_jobs setup-again
  log "topics, users, rights and indexes are as deployed: $(grep -c . <<<"${output}" || true) lines of the setup job follow"
  cut -c 1-400 <<<"${output}" >&2
}

# A node that has not joined yet, or not as a manager, is asked again in half an hour.
leave_unless_manager() {
  [[ ${SSM_OnlyWhen} == secrets-changed && $(docker_query /info | jq -r .Swarm.ControlAvailable) != true ]] || return 0
  log "this node is no manager: another one looks after the secrets"
  exit 0
}
