# shellcheck shell=bash
# ZooKeeper mode, with Kafka 3.9, the last line that has it. Users live in ZooKeeper and are written there before the
# broker starts; the broker and this script log in to ZooKeeper with the password of admin.

readonly ZOOKEEPER_HOST=zookeeper
readonly ZOOKEEPER_PORT=2181
readonly ZOOKEEPER_WAIT_SECONDS=120
readonly ZOOKEEPER_LOG=-Dlog4j.configuration=file:/opt/metals/log4j.properties
readonly ZOOKEEPER_JAAS=${RUN}/zookeeper-client.jaas

zookeeper_properties() {
  cat <<EOF
broker.id=1
zookeeper.connect=${ZOOKEEPER_HOST}:${ZOOKEEPER_PORT}
zookeeper.set.acl=true
listeners=CLIENT://:9092
advertised.listeners=CLIENT://${METALS_KAFKA_ADVERTISED_HOST:-kafka}:9092
inter.broker.listener.name=CLIENT
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT
authorizer.class.name=kafka.security.authorizer.AclAuthorizer
super.users=User:admin
EOF
}

write_client_login() {
  cat >"${ZOOKEEPER_JAAS}" <<EOF
Client {
  org.apache.zookeeper.server.auth.DigestLoginModule required username="kafka" password="${PASSWORDS[admin]}";
};
EOF
}

update_users() {
  local principal
  for principal in "${PRINCIPALS[@]}"; do
    set_password "${principal}" "${ZOOKEEPER_LOG}" "-Djava.security.auth.login.config=${ZOOKEEPER_JAAS}" \
      --zookeeper "${ZOOKEEPER_HOST}:${ZOOKEEPER_PORT}" || fail "the users are not in ZooKeeper"
  done
}

start_zookeeper_mode() {
  local wanted
  { common_properties && zookeeper_properties; } >"${RUN}/server.properties"
  write_client_login
  wait_for_port "${ZOOKEEPER_HOST}" "${ZOOKEEPER_PORT}" "${ZOOKEEPER_WAIT_SECONDS}" ||
    fail "${ZOOKEEPER_HOST}:${ZOOKEEPER_PORT} did not answer within ${ZOOKEEPER_WAIT_SECONDS} s" "docker service ps metals_zookeeper"
  # Users are in ZooKeeper's data; the salt ties the record of them to the volume of this broker.
  wanted=$(credentials_fingerprint zookeeper)
  if [[ ! -e ${CREDENTIALS_FILE} || $(<"${CREDENTIALS_FILE}") != "${wanted}" ]]; then
    update_users
    write_atomically "${CREDENTIALS_FILE}" <<<"${wanted}"
  fi
  write_atomically "${MODE_FILE}" <<<zookeeper
  touch "${RUN}/credentials-current"
  exec java "${BROKER_JVM[@]}" "${ZOOKEEPER_LOG}" "-Djava.security.auth.login.config=${ZOOKEEPER_JAAS}" \
    -cp "${KAFKA_CLASS_PATH}" kafka.Kafka "${RUN}/server.properties"
}
