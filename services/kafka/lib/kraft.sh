# shellcheck shell=bash
# KRaft: broker and controller in one process. Two listeners are on loopback, where only this container is, and need no
# password: the controller's, because with one a stale admin password would stop the start, and LOCAL, by which the
# passwords of the users are changed (the controller's does not offer that: UnsupportedEndpointTypeException).

readonly LOOPBACK=127.0.0.1
readonly CONTROLLER_PORT=9093
readonly LOCAL_PORT=9094
# Longer than the recovery of the log after a crash takes.
readonly LOCAL_WAIT_SECONDS=600
readonly KRAFT_LOG=-Dlog4j2.configurationFile=/opt/metals/log4j2.properties

kraft_properties() {
  cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${LOOPBACK}:${CONTROLLER_PORT}
listeners=CLIENT://:9092,LOCAL://${LOOPBACK}:${LOCAL_PORT},CONTROLLER://${LOOPBACK}:${CONTROLLER_PORT}
advertised.listeners=CLIENT://${METALS_KAFKA_ADVERTISED_HOST:-kafka}:9092,LOCAL://${LOOPBACK}:${LOCAL_PORT}
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,LOCAL:PLAINTEXT,CONTROLLER:PLAINTEXT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# ANONYMOUS is whoever reaches a listener on loopback, which is this container alone.
super.users=User:admin;User:ANONYMOUS
# After a crash the controller takes no registration of the node until the session of the one before has ended.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
EOF
}

new_cluster_id() {
  local id
  # A leading dash would read as an option.
  until id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=') && [[ ${id} != -* ]]; do :; done
  printf '%s' "${id}"
}

# The users, as the format takes them; a member of a cluster that exists gets them from it.
scram_users() {
  local principal
  for principal in "${PRINCIPALS[@]}"; do
    printf '%s\n' --add-scram "SCRAM-SHA-512=[name=${principal},password=${PASSWORDS[${principal}]}]"
  done
}

# Into a directory that is renamed when all is written, so that an interrupted format leaves nothing half done.
format_storage() { # CLUSTER_ID, more arguments on stdin, one a line
  local new="${DATA}/logs.new" properties="${RUN}/format.properties"
  rm -rf "${new}"
  sed "s|^log.dirs=.*|log.dirs=${new}|" "${RUN}/server.properties" >"${properties}"
  { printf '%s\n' kafka.tools.StorageTool format --cluster-id "$1" --config "${properties}" && cat; } |
    java_with_file "${KRAFT_LOG}" >/dev/null || fail "the storage could not be formatted"
  rm -f "${properties}"
  mv "${new}" "${LOG_DIRECTORY}"
}

cluster_id() { sed -n 's/^cluster.id=//p' "${LOG_DIRECTORY}/meta.properties"; }

# Runs beside the broker: it needs the broker, and the broker needs it before it is called healthy.
update_credentials() { # FINGERPRINT BROKER_PID
  local principal
  wait_for_port "${LOOPBACK}" "${LOCAL_PORT}" "${LOCAL_WAIT_SECONDS}" "$2" ||
    give_up "$2" "the broker did not listen within ${LOCAL_WAIT_SECONDS} s; passwords are not updated"
  for principal in "${PRINCIPALS[@]}"; do
    set_password "${principal}" "${KRAFT_LOG}" --bootstrap-server "${LOOPBACK}:${LOCAL_PORT}" ||
      give_up "$2" "the broker is stopped"
  done
  write_atomically "${CREDENTIALS_FILE}" <<<"$1"
  touch "${RUN}/credentials-current"
}

give_up() { # BROKER_PID REASON
  kill -TERM "$1" 2>/dev/null || log "the broker is gone"
  fail "$2"
}

# On the way beside the broker: what it needs to be told while it runs.
# shellcheck disable=SC2120 # quorum.sh passes some
start_broker() { # JVM_OPTION...
  local wanted
  wanted=$(credentials_fingerprint "$(cluster_id)")
  if [[ -e ${CREDENTIALS_FILE} && $(<"${CREDENTIALS_FILE}") == "${wanted}" ]]; then
    touch "${RUN}/credentials-current"
  else
    log "a password has changed: the users are updated as soon as the broker listens"
    update_credentials "${wanted}" $$ &
  fi
  exec java "${BROKER_JVM[@]}" "$@" "${KRAFT_LOG}" -cp "${KAFKA_CLASS_PATH}" kafka.Kafka "${RUN}/server.properties"
}

start_kraft() {
  { common_properties && kraft_properties; } >"${RUN}/server.properties"
  if [[ ! -d ${LOG_DIRECTORY} ]]; then
    scram_users | format_storage "$(new_cluster_id)"
    log "storage is formatted, with users ${PRINCIPALS[*]}"
    credentials_fingerprint "$(cluster_id)" | write_atomically "${CREDENTIALS_FILE}"
  fi
  write_atomically "${MODE_FILE}" <<<kraft
  # shellcheck disable=SC2119
  start_broker
}
