#!/bin/bash
# Several brokers: the cluster, which a deployment forms once and the Swarm remembers, and one broker changed after another.

# A Docker config that nothing mounts, because what is in one cannot change.
KAFKA_CLUSTER=metals-kafka-cluster
# Longer than setup_deadline_seconds, which the job may begin three times.
SETUP_TIMEOUT_SECONDS=900
# Shorter than the lease of a deployment.
IN_SYNC_TIMEOUT_SECONDS=250
FORM_TIMEOUT_SECONDS="${METALS_FORM_TIMEOUT_SECONDS:-180}"
LATER_BROKERS="the brokers after it were not changed"

broker_service() { if [[ $1 == 1 ]]; then echo kafka; else echo "kafka-$1"; fi; } # BROKER

# The id of the cluster; nothing where there never were several brokers.
known_cluster() {
  docker_query /configs "{\"name\":[\"${KAFKA_CLUSTER}\"]}" | jq -r '.[].Spec.Labels["com.metals.kafka-cluster"] // empty'
}

# A broker that was always alone logs in to none: its deployment does not bring the key, which no service would name.
needs_key() { # KEY
  [[ $1 != kafka-password/brokers ]] || ((METALS_KAFKA_BROKERS > 1)) || [[ -n $(known_cluster) ]]
}

remember_cluster() { # ID
  docker config create --label "com.metals.kafka-cluster=$1" "${KAFKA_CLUSTER}" - <<<"$1" >/dev/null
  log "Kafka's cluster is $1"
}

forget_cluster() {
  [[ -z $(known_cluster) ]] || docker config rm "${KAFKA_CLUSTER}" >/dev/null
}

new_cluster_id() {
  local id
  # A leading dash would read as an option.
  until id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=') && [[ ${id} != -* ]]; do :; done
  echo "${id}"
}

has_completed() { # SERVICE
  local states
  states=$(docker_query /tasks "{\"service\":[\"$1\"]}" | jq -r '[.[].Status | "\(.State)\(if .Err then " (\(.Err))" else "" end)"] | unique | join(", ")')
  [[ ${states} =~ (^|[ ,])complete ]] || { echo "${states:-it has no task yet}" && return 1; }
}

remove_form_jobs() { # JOB…
  local job
  for job in "$@"; do docker service rm "${STACK}_${job}" >/dev/null 2>&1 || true; done
}

# What the jobs of a file say of the cluster of their volumes: `none` or an id, a line each.
ask_volumes() { # FILE JOB…
  local file=$1 job answer
  shift
  remove_form_jobs "$@"
  deploy_files "${file}"
  for job in "$@"; do
    renew_lease
    wait_until "${FORM_TIMEOUT_SECONDS}" "waiting for ${job}" has_completed "${STACK}_${job}"
    answer=$(timeout 20 docker service logs --raw "${STACK}_${job}" 2>&1) || fail "the log of ${job} cannot be read: $(tail -n 1 <<<"${answer}")"
    grep -q '^cluster ' <<<"${answer}" || fail "${job} does not say which cluster its volume is of: $(tail -n 2 <<<"${answer}")"
    sed -n 's/^cluster //p' <<<"${answer}" | tail -n 1
  done
  remove_form_jobs "$@"
}

# Leaves the cluster's id in METALS_KAFKA_CLUSTER_ID, empty for a broker that was always alone. Where none is remembered, the
# volumes are asked first: a Swarm that was made anew has forgotten, and a second cluster would hide what the first one holds.
find_cluster() {
  local found looks=() broker
  METALS_KAFKA_CLUSTER_ID=$(known_cluster)
  export METALS_KAFKA_CLUSTER_ID
  [[ -z ${METALS_KAFKA_CLUSTER_ID} ]] && ((METALS_KAFKA_BROKERS > 1)) || return 0
  for ((broker = 1; broker <= METALS_KAFKA_BROKERS; broker++)); do looks+=("look-${broker}"); done
  found=$(ask_volumes form.yml "${looks[@]}")
  found=$(grep -v '^none$' <<<"${found}" | sort -u || true)
  case $(grep -c . <<<"${found}" || true) in
    0)
      METALS_KAFKA_CLUSTER_ID=$(new_cluster_id)
      METALS_KAFKA_CLUSTER_ID=$(ask_volumes form-new.yml form)
      ;;
    1) METALS_KAFKA_CLUSTER_ID=${found} ;;
    *)
      fail "the brokers' volumes hold parts of several clusters: $(tr '\n' ' ' <<<"${found}")" \
        "bring back the volumes that belong together; or, to lose all events in Kafka, run the document metals-${SSM_Stage}-stack-remove on all nodes with RemoveData=kafka, and deploy again"
      ;;
  esac
  remember_cluster "${METALS_KAFKA_CLUSTER_ID}"
}

# What Docker makes tasks from: a service whose template stays keeps its tasks.
task_template() { # SERVICE; nothing where there is none
  docker_query /services "{\"name\":[\"${STACK}_$1\"]}" | jq -c --arg name "${STACK}_$1" '.[] | select(.Spec.Name == $name) | .Spec.TaskTemplate'
}

# Whether each broker that should be there has a task that runs.
brokers_run() {
  local broker names=()
  for ((broker = 1; broker <= METALS_KAFKA_BROKERS; broker++)); do names+=("$(broker_service "${broker}")"); done
  stack_state | jq -e --args '[.services[] | select(.running >= .desired) | .name] as $run | $ARGS.positional | all(IN($run[]))' "${names[@]}" >/dev/null
}

# A broker that is stopped while another one lags stops intake.
await_in_sync() {
  # shellcheck disable=SC2034 # read by await_job
  local output JOB_TIMEOUT_SECONDS=${IN_SYNC_TIMEOUT_SECONDS}
  renew_lease
  remove_jobs brokers
  start_job brokers setup/kafka-password-admin setup '["brokers"]'
  await_job
  output=$(timeout 20 docker service logs --raw "${JOB}" 2>&1 || true)
  has_completed "${JOB}" >/dev/null ||
    fail "not all brokers are there and in sync: $(jq -rR 'fromjson? | .reason // empty' <<<"${output}" | tail -n 1)" \
      "metals status --stage ${SSM_Stage}"
  remove_jobs brokers
  renew_lease
  log "all brokers are in sync"
}

await_service() { # SERVICE WHAT FOLLOWS FROM IT
  await_convergence "${SSM_TimeoutSeconds}" "$1"
  # shellcheck disable=SC2153 # set by it
  [[ ${ANSWER} != converged ]] || return 0
  [[ -z ${STATE} ]] || explain "$(only_service "$1" <<<"${STATE}")"
  fail "$1 did not converge; $2: $(first_bytes 160 <<<"${ANSWER}")"
}

setup_is_done() {
  renew_lease
  has_completed "${STACK}_setup-${METALS_SETUP_HASH}"
}

# The services of brokers beyond those that should be there.
surplus_brokers() {
  docker_query /services | jq -r --arg stack "${STACK}" --argjson brokers "${METALS_KAFKA_BROKERS}" \
    '[.[].Spec.Name | select(startswith("\($stack)_kafka-")) | ltrimstr("\($stack)_kafka-") | tonumber | select(. > $brokers)] | sort[]'
}

# Back to one broker: the others stay until each partition is on the first, and then lose their votes. What removes their
# services is the deployment of the stack, which no longer names them.
dismiss_brokers() {
  local surplus broker
  surplus=$(surplus_brokers)
  [[ -n ${surplus} ]] || return 0
  for broker in ${surplus}; do
    ! brokers_run || await_in_sync
    deploy_files "leave-${broker}.yml"
    await_service "$(broker_service "${broker}")" "${LATER_BROKERS}"
  done
  await_in_sync
  render_setup
  deploy_files declarations.yml setup.rendered.yml
  wait_until "${SETUP_TIMEOUT_SECONDS}" "moving partitions to one broker" setup_is_done
  ask_volumes dismiss.yml dismiss >/dev/null
  log "brokers $(tr '\n' ' ' <<<"${surplus}")are dismissed; their volumes stay on their nodes"
}

# All but the first, which is changed with the rest of the stack. Where a broker is away, waiting for it would keep away what
# is to bring it back.
deploy_brokers() {
  local broker service before
  # Kafka is somebody else's: own brokers that were there before go with the rest, and leave their volumes.
  ((METALS_KAFKA_BROKERS > 0)) || return 0
  if ((METALS_KAFKA_BROKERS == 1)); then
    dismiss_brokers
    return
  fi
  ! brokers_run || await_in_sync
  for ((broker = 2; broker <= METALS_KAFKA_BROKERS; broker++)); do
    service=$(broker_service "${broker}")
    before=$(task_template "${service}")
    deploy_files "stack.broker-${broker}.yml"
    [[ -n ${before} && ${before} != "$(task_template "${service}")" ]] || continue
    await_service "${service}" "${LATER_BROKERS}"
    ! brokers_run || await_in_sync
  done
}
