# shellcheck shell=bash
# Several brokers: each is a broker and a controller of a quorum whose members may change (KIP-853, kraft.version 1). They
# log in to each other as `brokers`, by PLAIN: the users of SCRAM are in the log, which a controller must first get.
# No broker of several makes a cluster by itself. form_cluster does, once, asked by a deployment; a volume that is empty joins.

readonly REPLICATION_PORT=9095
# Its presence says that the members of the quorum are in the log, and no longer a setting.
readonly QUORUM_FILE=${DATA}/quorum
readonly BROKERS_USER=brokers
# A broker that is started anew has another address; Java would remember the old one for 30 s, and that there is none for 10.
readonly FORGETFUL=(-Dsun.net.inetaddr.ttl=1 -Dsun.net.inetaddr.negative.ttl=0)

# The name of the service of a broker.
broker_host() { # BROKER
  if [[ $1 == 1 ]]; then echo kafka; else echo "kafka-$1"; fi
}

# What a member must be told, checked before anything is written.
read_quorum() {
  BROKERS=${METALS_KAFKA_BROKERS:-1} BROKER=${METALS_KAFKA_BROKER:-1}
  [[ ${BROKERS} =~ ^[13]$ ]] || fail "METALS_KAFKA_BROKERS is ${BROKERS}; expected 1 or 3"
  [[ ${BROKER} =~ ^[123]$ ]] || fail "METALS_KAFKA_BROKER is ${BROKER}; expected 1, 2 or 3"
  [[ ${METALS_KAFKA_CLUSTER_ID} =~ ^[A-Za-z0-9_][A-Za-z0-9_-]{21}$ ]] ||
    fail "METALS_KAFKA_CLUSTER_ID is ${METALS_KAFKA_CLUSTER_ID}; expected the 22 characters of a cluster's id"
  BROKERS_PASSWORD=$(read_password "${BROKERS_USER}")
  HOST=${METALS_KAFKA_ADVERTISED_HOST:-$(broker_host "${BROKER}")}
}

controllers() {
  local list=() broker
  for ((broker = 1; broker <= BROKERS; broker++)); do list+=("$(broker_host "${broker}"):${CONTROLLER_PORT}"); done
  (IFS=, && echo "${list[*]}")
}

# A cluster that has had one broker: the members of its quorum are a setting, until make_dynamic.
is_static() { [[ -d ${LOG_DIRECTORY} && ! -e ${QUORUM_FILE} ]]; }

quorum_properties() {
  local password=${BROKERS_PASSWORD} login
  login="org.apache.kafka.common.security.plain.PlainLoginModule required username=\"${BROKERS_USER}\" password=\"${password}\" user_${BROKERS_USER}=\"${password}\";"
  if is_static; then
    echo "controller.quorum.voters=${BROKER}@${HOST}:${CONTROLLER_PORT}"
  else
    echo "controller.quorum.bootstrap.servers=$(controllers)"
    # A member whose volume was lost comes with another id of its directory; the one of before goes when it joins.
    echo "controller.quorum.auto.join.enable=${METALS_KAFKA_AUTO_JOIN:-true}"
  fi
  cat <<EOF
process.roles=broker,controller
node.id=${BROKER}
listeners=CLIENT://:9092,LOCAL://${LOOPBACK}:${LOCAL_PORT},REPLICATION://:${REPLICATION_PORT},CONTROLLER://:${CONTROLLER_PORT}
advertised.listeners=CLIENT://${HOST}:9092,LOCAL://${LOOPBACK}:${LOCAL_PORT},REPLICATION://${HOST}:${REPLICATION_PORT},CONTROLLER://${HOST}:${CONTROLLER_PORT}
controller.listener.names=CONTROLLER
inter.broker.listener.name=REPLICATION
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,LOCAL:PLAINTEXT,REPLICATION:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.mechanism.controller.protocol=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.replication.sasl.enabled.mechanisms=PLAIN
listener.name.replication.plain.sasl.jaas.config=${login}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=${login}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# ANONYMOUS is whoever reaches the listener on loopback, which is this container alone.
super.users=User:admin;User:${BROKERS_USER};User:ANONYMOUS
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
# A broker that its leader cannot reach, though the controller can: acknowledgements wait for it that long, and half as long again.
replica.lag.time.max.ms=4000
EOF
}

write_quorum_properties() { { common_properties && quorum_properties; } >"${RUN}/server.properties"; }

# What a deployment asks each broker's volume before it forms a cluster. Changes nothing.
print_cluster() {
  if [[ -d ${LOG_DIRECTORY} ]]; then echo "cluster $(cluster_id)"; else echo 'cluster none'; fi
}

# The first member of a new cluster, with the users in its log.
form_cluster() {
  if [[ ! -d ${LOG_DIRECTORY} ]]; then
    write_atomically "${QUORUM_FILE}" <<<dynamic
    write_quorum_properties
    { echo --standalone && scram_users; } | format_storage "${METALS_KAFKA_CLUSTER_ID}"
    credentials_fingerprint "$(cluster_id)" | write_atomically "${CREDENTIALS_FILE}"
    write_atomically "${MODE_FILE}" <<<kraft
  fi
  print_cluster
}

# There is no way back from it, and no need of one.
make_dynamic() { # BROKER_PID
  local output
  wait_for_port "${LOOPBACK}" "${LOCAL_PORT}" "${LOCAL_WAIT_SECONDS}" "$1" ||
    give_up "$1" "the broker did not listen within ${LOCAL_WAIT_SECONDS} s; no other broker can join it"
  output=$(printf '%s\n' org.apache.kafka.tools.FeatureCommand --bootstrap-server "${LOOPBACK}:${LOCAL_PORT}" \
    upgrade --feature kraft.version=1 | java_with_file "${KRAFT_LOG}" 2>&1) ||
    give_up "$1" "the members of the quorum cannot be moved to the log: $(tail -n 1 <<<"${output}")"
  write_atomically "${QUORUM_FILE}" <<<dynamic
  log "the members of the quorum are in the log: other brokers may join"
}

as_admin() { # CLASS ARGUMENT…
  printf '%s\n' "$@" | java_with_file "${KRAFT_LOG}" 2>&1
}

# Asked by a deployment that goes back to one broker, when each partition is on the first one: the others lose their vote and
# their number. They run without auto.join by now, or they would come back at once; stopped, they would be missed as voters.
dismiss_others() {
  local server="${HOST}:9092" login="${RUN}/admin.properties" replicas id directory status
  cat >"${login}" <<EOF
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="${PASSWORDS[admin]}";
EOF
  replicas=$(as_admin org.apache.kafka.tools.MetadataQuorumCommand --bootstrap-server "${server}" --command-config "${login}" describe --replication) ||
    fail "the members of the quorum are not told: $(tail -n 1 <<<"${replicas}")"
  while read -r id directory _ _ _ _ status; do
    [[ ${id} =~ ^[0-9]+$ && ${id} != "${BROKER}" ]] || continue
    if [[ ${status} != Observer ]]; then
      as_admin org.apache.kafka.tools.MetadataQuorumCommand --bootstrap-server "${server}" --command-config "${login}" \
        remove-controller --controller-id "${id}" --controller-directory-id "${directory}" || fail "controller ${id} keeps its vote"
    fi
    as_admin org.apache.kafka.tools.ClusterTool unregister --bootstrap-server "${server}" --command-config "${login}" --id "${id}" ||
      fail "broker ${id} keeps its number"
  done <<<"${replicas}"
  print_cluster
}

start_member() {
  touch "${RUN}/member"
  if [[ -d ${LOG_DIRECTORY} ]]; then
    [[ $(cluster_id) == "${METALS_KAFKA_CLUSTER_ID}" ]] ||
      fail "${DATA} holds a part of the cluster $(cluster_id), and this broker is one of ${METALS_KAFKA_CLUSTER_ID}; nothing was changed" \
        "restore the volume that belongs here; or, to lose what is on it, remove the volume metals_kafka-data-kraft on this node: the broker then gets all from the others"
    write_quorum_properties
    ! is_static || make_dynamic $$ &
  elif ((BROKERS == 1)); then
    # What it held, no other broker has.
    form_cluster >/dev/null
    log "the volume was empty: the only broker begins the cluster ${METALS_KAFKA_CLUSTER_ID} again"
  else
    write_atomically "${QUORUM_FILE}" <<<dynamic
    write_quorum_properties
    echo --no-initial-controllers | format_storage "${METALS_KAFKA_CLUSTER_ID}"
    log "the volume was empty: broker ${BROKER} joins the cluster ${METALS_KAFKA_CLUSTER_ID}"
  fi
  write_atomically "${MODE_FILE}" <<<kraft
  start_broker "${FORGETFUL[@]}"
}
