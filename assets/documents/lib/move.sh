#!/bin/bash
# From one Kafka or MongoDB to another, own or somebody else's, while events come: producers first; then the processors, once
# they have read what was left behind, and with the prices that are stored. Whatever ends it, the next deployment goes on.

# Of each run of a job, which ends before the lease does.
MOVE_JOB_SECONDS=290
DRAIN_RUNS=3
COPY_RUNS=6
# The clocks of processors, by which prices are dated, may differ by less than this.
CLOCK_MARGIN_SECONDS=900

# What services work with; own, where they were deployed before there was a choice.
engines_of() { # kafka|mongodb SERVICE…, services on stdin
  jq -r --arg key "com.metals.$1" --arg stack "${STACK}" --args \
    '.[] | select(.Spec.Name | ltrimstr("\($stack)_") | IN($ARGS.positional[])) | .Spec.Labels[$key] // "own"' "${@:2}"
}

# The newest setup job that worked with an engine, as jobs name it; nothing where there is none.
setup_with() { # kafka|mongodb ENGINE, services on stdin
  setup_service "$(jq -c --arg key "com.metals.$1" --arg engine "$2" 'map(select((.Spec.Labels[$key] // "own") == $engine))')" |
    jq -r '.Spec.Name | ltrimstr("metals_")'
}

# What may hold something that the engine of this deployment has not.
left_engines() { # kafka|mongodb TARGET SERVICE…
  local services
  # In a substitution a failure ends nothing by itself.
  services=$(stack_services) || return
  { engines_of "$1" "${@:3}" <<<"${services}" && moves_begun "$1"; } | { grep -vxF -- "$2" || true; } | sort -u
}

# A second half of the time is left for the stack itself.
move_has_time() { ((SECONDS < RUN_SECONDS / 2)); }

# Until the processors have read all that is in a Kafka to which nobody writes any more.
drain_kafka() { # KAFKA RUNS
  local services setup specification run left
  services=$(stack_services)
  setup=$(setup_with kafka "$1" <<<"${services}")
  [[ -n ${setup} ]] || fail "what ${1} still holds cannot be known: its setup job is gone" "deploy with the settings of before, and then again with these"
  specification=$(job_specification "${services}" drained "${setup}/kafka-password-processor|kafka-login-processor" "${setup}" \
    "$(jq -cn --arg cluster "$(cluster_set_up)" '["drained", $cluster | select(. != "")]')" "${setup}")
  for ((run = 1; run <= $2; run++)); do
    ((run == 1)) || move_has_time || break
    JOB_TIMEOUT_SECONDS=${MOVE_JOB_SECONDS} tell_of_job drained "${specification}"
    if [[ $(jq -r .drained <<<"${TOLD}") == true ]]; then
      log "nothing is left on Kafka (${1}): $(jq -r 'if .same then "it is the same cluster" else "all of it is read; \(.dead_letters // 0) dead letters stay there" end' <<<"${TOLD}")"
      return
    fi
    left=$(jq -r '.reason // "\(.records) records are not read"' <<<"${TOLD}")
    log "Kafka (${1}): ${left}"
  done
  fail "events on Kafka (${1}) are not all stored: $(first_bytes 300 <<<"${left}")" \
    "$(if (($2 > 1)); then echo 'they go on being stored: deploy again'; else echo "deploy with kafkaBootstrap=${1} first, and then back"; fi)"
}

# The id of the cluster that this deployment's setup job has found; nothing where that Kafka does not tell.
cluster_set_up() {
  timeout 20 docker service logs --raw "${STACK}_setup-${METALS_SETUP_HASH}" 2>/dev/null | jq -rR 'fromjson? | .cluster // empty' | tail -n 1 || true
}

# Prices that one MongoDB has and the next one has not; leaves in BEGUN when that began.
copy_prices() { # MONGODB SINCE, or nothing
  local services from to specification request run
  services=$(stack_services)
  from=$(setup_with mongodb "$1" <<<"${services}") to="setup-${METALS_SETUP_HASH}" BEGUN=''
  [[ -n ${from} ]] || fail "prices of the MongoDB before (${1}) cannot be copied: its setup job is gone" "deploy with the settings of before, and then again with these"
  request=$(jq -cn --arg since "$2" '{since: ($since | select(. != ""))} // {}')
  for ((run = 1; run <= COPY_RUNS; run++)); do
    ((run == 1)) || move_has_time || break
    specification=$(copy_specification "${services}" "${from}" "${to}" "${request}")
    JOB_TIMEOUT_SECONDS=${MOVE_JOB_SECONDS} tell_of_job copy "${specification}"
    [[ $(jq -r '.error // empty' <<<"${TOLD}") == '' ]] ||
      fail "prices of the MongoDB before (${1}) are not all copied: $(jq -r .error <<<"${TOLD}" | first_bytes 300)" "remove the cause and deploy again"
    [[ -n ${BEGUN} ]] || BEGUN=$(jq -r .begun <<<"${TOLD}")
    log "prices of the MongoDB before (${1}): $(jq -r '"\(.looked) looked at, \(.copied) copied, \(.replaced // 0) replaced"' <<<"${TOLD}")"
    [[ $(jq -r .done <<<"${TOLD}") != true ]] || return 0
    request=$(jq -c --argjson request "${request}" '$request + {after}' <<<"${TOLD}")
  done
  fail "prices of the MongoDB before (${1}) are not all copied in the time that there is: $(jq -r '"\(.looked) looked at"' <<<"${TOLD}") in the last run" "deploy again: what is copied stays"
}

# A job of the new setup that has what the one before logs in with as well.
copy_specification() { # SERVICES FROM TO REQUEST
  local secret='mongodb-password-admin|mongodb-uri-admin' arguments source target
  arguments=$(jq -c '["copy", tojson]' <<<"$4")
  source=$(job_specification "$1" copy "$2/${secret}" "$2" "${arguments}" "$2")
  target=$(job_specification "$1" copy "$3/${secret}" "$3" "${arguments}" "$3")
  printf '%s\n' "${target}" "${source}" | jq -cn 'input as $target | input as $source
    | ($source.TaskTemplate.ContainerSpec.Configs | map(select(.File.Name == "/etc/metals/tools.yml") | .File.Name = "/etc/metals/from.yml")) as $config
    # A CA of the engine before has its own path only where the next one has none there.
    | ($source.TaskTemplate.ContainerSpec.Configs | map(select(.File.Name | endswith(".pem")))) as $authorities
    | $target
    | .TaskTemplate.ContainerSpec.Configs |= (. + $config + $authorities | unique_by(.File.Name))
    | .TaskTemplate.ContainerSpec.Secrets += ($source.TaskTemplate.ContainerSpec.Secrets | map(.File.Name = "from-\(.File.Name)"))
    | .TaskTemplate.Networks |= (. + $source.TaskTemplate.Networks | unique)'
}

# On whichever node: one that the managers do not hear may still store.
processors_ended() {
  local left
  left=$({ echo '[]' && docker_query /tasks "{\"service\":[\"${STACK}_processor\"]}"; } | living_tasks)
  [[ ${left} == 0 ]] || { echo "${left} processors have not ended" && return 1; }
}

start_targets() { # whether Kafka changes, whether MongoDB changes
  local files=()
  if [[ -n $1 && ${METALS_KAFKA} == own ]]; then
    files+=(only-kafka.yml)
    [[ ${SSM_KafkaMode} != zookeeper ]] || files+=(stack.zookeeper.yml)
    [[ -z ${METALS_KAFKA_CLUSTER_ID} ]] || files+=(stack.broker-1.yml)
  fi
  [[ -z $2 || ${METALS_MONGODB} != own ]] || files+=(only-mongodb.yml)
  ((${#files[@]} == 0)) || deploy_files "${files[@]}"
  render_setup
  deploy_files declarations.yml setup.rendered.yml
  await_service "setup-${METALS_SETUP_HASH}" "no producer or processor was changed"
}

# Before the stack as a whole is deployed. Producers and processors are never without an engine: each has one of the two.
move_engines() {
  local kafkas mongodbs
  kafkas=$(left_engines kafka "${METALS_KAFKA}" producer processor)
  mongodbs=$(left_engines mongodb "${METALS_MONGODB}" processor)
  [[ -n ${kafkas}${mongodbs} ]] || return 0
  log "from Kafka: ${kafkas:-as it is}, MongoDB: ${mongodbs:-as it is}, to Kafka: ${METALS_KAFKA}, MongoDB: ${METALS_MONGODB}"
  start_targets "${kafkas}" "${mongodbs}"
  remember_move
  # First what takes long: once producers write to another Kafka, nothing new is stored until processors read it.
  [[ -z ${mongodbs} ]] || copy_all "${mongodbs}"
  if [[ -n ${kafkas} ]]; then
    deploy_files only-producer.yml
    await_service producer "processors were not changed"
    move_away_from "${kafkas}"
  fi
  [[ -z ${mongodbs} ]] || copy_rest "${mongodbs}"
}

move_away_from() { # KAFKAS
  local consumed engine
  consumed=$(stack_services | engines_of kafka processor)
  for engine in $1; do
    if [[ ${engine} == "${consumed}" ]]; then drain_kafka "${engine}" "${DRAIN_RUNS}"; else drain_kafka "${engine}" 1; fi
  done
}

# When each copy of all prices began.
declare -A COPIES=()

# All prices while processors go on.
copy_all() { # MONGODBS
  local engine
  for engine in $1; do
    copy_prices "${engine}" ''
    COPIES[${engine}]=${BEGUN}
  done
}

# While none writes, what has come meanwhile.
copy_rest() { # MONGODBS
  local engine since
  docker service scale --detach "${STACK}_processor=0" >/dev/null
  wait_until 60 "waiting for the processors to end" processors_ended
  for engine in $1; do
    since=$(jq -nr --arg begun "${COPIES[${engine}]}" --argjson margin "${CLOCK_MARGIN_SECONDS}" '$begun | sub("[.][0-9]+"; "") | fromdate - $margin | todate')
    copy_prices "${engine}" "${since}"
  done
}

# To go back by itself could leave behind events that only the engines of this deployment have.
tell_move() {
  # Those of before go on.
  [[ $(stack_services | jq -r --arg name "${STACK}_processor" '.[] | select(.Spec.Name == $name) | .Spec.Mode.Replicated.Replicas') != 0 ]] ||
    docker service scale --detach "${STACK}_processor=${METALS_PROCESSOR_REPLICAS}" >/dev/null
  say "a move to Kafka ${METALS_KAFKA}, MongoDB ${METALS_MONGODB} has begun, so the version before is not deployed again: remove the cause and deploy again, or deploy with the settings of before, which moves all back"
}
