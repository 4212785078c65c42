#!/usr/bin/env bats
# Kafka's entrypoint with a `java` that writes down how it was called.
bats_require_minimum_version 1.5.0

setup() {
  ENTRYPOINT="${BATS_TEST_DIRNAME}/../../../services/kafka/entrypoint.sh"
  WORK="${BATS_TEST_TMPDIR}"
  export METALS_KAFKA_DATA_DIRECTORY="${WORK}/data" METALS_KAFKA_OTHER_DIRECTORY="${WORK}/other"
  export METALS_KAFKA_RUN_DIRECTORY="${WORK}/run" METALS_SECRETS_DIRECTORY="${WORK}/secrets" CALLS="${WORK}/calls"
  mkdir -p "${WORK}/data" "${WORK}/other" "${WORK}/secrets" "${WORK}/bin"
  for principal in admin producer processor; do
    printf '%s' "password-of-${principal}" >"${WORK}/secrets/kafka-password-${principal}"
  done
  cat >"${WORK}/bin/java" <<'EOF'
#!/bin/bash
echo "java $*" >>"${CALLS}"
for argument in "$@"; do
  [[ ${argument} != @* ]] || file=${argument#@}
done
[[ -z ${file:-} ]] || {
  sed 's/^/  file: /' "${file}" >>"${CALLS}"
  if grep -q StorageTool "${file}"; then
    directory=$(sed -n 's/^log.dirs=//p' "${METALS_KAFKA_RUN_DIRECTORY}/format.properties")
    [[ -z ${FAIL_FORMAT:-} ]] || exit 1
    mkdir -p "${directory}"
    echo "cluster.id=test-cluster" >"${directory}/meta.properties"
  fi
}
EOF
  chmod +x "${WORK}/bin/java"
  # busybox.bats runs this file a second time, with BusyBox's applets before the other programs.
  PATH="${WORK}/bin:${METALS_TEST_APPLETS:+${METALS_TEST_APPLETS}:}${PATH}"
}

@test "an unknown mode is refused" {
  METALS_KAFKA_MODE=raft run bash "${ENTRYPOINT}"
  [[ ${status} == 1 ]]
  [[ ${output} == *"METALS_KAFKA_MODE is raft; expected kraft or zookeeper"* ]]
}

@test "a missing secret is named, and nothing is formatted" {
  rm "${WORK}/secrets/kafka-password-admin"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 ]]
  [[ ${output} == *"kafka-password-admin is missing or cannot be read"* ]]
  [[ ! -e "${WORK}/data/logs" ]]
}

@test "a password that would need escaping is refused, without being printed" {
  printf '%s' "p\"ass;word{x}yz" >"${WORK}/secrets/kafka-password-admin"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 ]]
  [[ ${output} == *"12 to 128 letters, digits"*"got 15 characters"* ]]
  [[ ${output} != *'p"ass'* ]]
}

fake_df() { # AVAILABLE_KIB
  printf '#!/bin/bash\nprintf "%%s\\n" "Filesystem 1024-blocks Used Available Capacity Mounted on" "/dev/nvme1n1 20961280 20900000 %s 100%% /data"\n' "$1" >"${WORK}/bin/df"
  chmod +x "${WORK}/bin/df"
}

@test "a full data volume is named, with what to do, and the broker is started all the same" {
  fake_df 20480
  run bash "${ENTRYPOINT}"
  [[ ${output} == *"the data volume is full: ${WORK}/data has 20 MiB left, Kafka needs 64"* ]]
  [[ ${output} == *"next: enlarge dataVolumeGiB and deploy"* ]]
  grep -q 'kafka.Kafka' "${CALLS}"
}

@test "a data volume with room is not worth a word" {
  fake_df 65536
  run bash "${ENTRYPOINT}"
  [[ ${output} != *"is full"* ]]
  grep -q 'kafka.Kafka' "${CALLS}"
}

@test "data of the other mode on this node is refused, with what to do" {
  echo zookeeper >"${WORK}/other/kafka-mode"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 ]]
  [[ ${output} == *"holds Kafka's data of zookeeper mode"*"nothing was changed"* ]]
  [[ ${output} == *"deploy with kafkaMode=zookeeper; or, to lose all events in Kafka"* ]]
  [[ ! -e ${CALLS} ]]
}

@test "a volume of the other mode is refused" {
  echo zookeeper >"${WORK}/data/kafka-mode"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 ]]
  [[ ${output} == *"was written in zookeeper mode, and METALS_KAFKA_MODE is kraft"* ]]
}

@test "the first start formats with the administrator alone, and records the mode" {
  run bash "${ENTRYPOINT}"
  [[ ${status} == 0 ]]
  [[ $(grep -c 'file: "SCRAM-SHA-512=\[name=' "${CALLS}") == 1 ]]
  grep -q 'name=admin,' "${CALLS}"
  [[ $(<"${WORK}/data/kafka-mode") == kraft ]]
  [[ -d "${WORK}/data/logs" && ! -e "${WORK}/data/logs.new" ]]
  [[ -e "${WORK}/run/credentials-current" ]]
  tail -n 1 "${CALLS}" | grep -q 'kafka.Kafka .*/server.properties'
}

@test "no password is on an argument list or left in a file of arguments" {
  run bash "${ENTRYPOINT}"
  [[ $(grep '^java' "${CALLS}") != *password-of* ]]
  [[ -z $(find "${WORK}/run" -name 'arguments.*') ]]
  [[ ${output} != *password-of* ]]
  run grep -rl password-of "${WORK}/data"
  [[ ${status} == 1 && -z ${output} ]]
}

@test "what holds a password is readable by its owner alone" {
  run bash "${ENTRYPOINT}"
  [[ $(stat -c %a "${WORK}/run/server.properties") == 600 ]]
}

@test "a format that fails leaves no data, and the next start formats again" {
  FAIL_FORMAT=1 run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"the storage could not be formatted"* ]]
  [[ ! -e "${WORK}/data/logs" ]]
  run bash "${ENTRYPOINT}"
  [[ ${status} == 0 && -d "${WORK}/data/logs" ]]
}

@test "a second start neither formats nor touches the users" {
  bash "${ENTRYPOINT}"
  rm "${CALLS}"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 0 ]]
  [[ $(wc -l <"${CALLS}") == 1 ]]
}

@test "a changed password is noticed, and the broker is not healthy until it is in force" {
  bash "${ENTRYPOINT}"
  printf '%s' another-password >"${WORK}/secrets/kafka-password-admin"
  run bash "${ENTRYPOINT}"
  [[ ${output} == *"a password has changed"* ]]
  [[ ! -e "${WORK}/run/credentials-current" ]]
}

@test "another password of a user that the administrator makes is none of the broker's business" {
  bash "${ENTRYPOINT}"
  printf '%s' another-password >"${WORK}/secrets/kafka-password-producer"
  run bash "${ENTRYPOINT}"
  [[ ${output} != *"a password has changed"* ]]
  [[ -e "${WORK}/run/credentials-current" ]]
}

@test "the broker asks for logins, keeps to its ACLs and creates no topics by itself" {
  run bash "${ENTRYPOINT}"
  properties="${WORK}/run/server.properties"
  grep -qx 'auto.create.topics.enable=false' "${properties}"
  grep -qx 'listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,LOCAL:PLAINTEXT,CONTROLLER:PLAINTEXT' "${properties}"
  grep -qx 'listeners=CLIENT://:9092,LOCAL://127.0.0.1:9094,CONTROLLER://127.0.0.1:9093' "${properties}"
  grep -q '^authorizer.class.name=.*StandardAuthorizer$' "${properties}"
  [[ $(<"${properties}") != *allow.everyone* ]]
}

@test "classes that the image shares are mapped; without them the broker starts all the same" {
  export METALS_KAFKA_SHARED_CLASSES="${WORK}/kafka.jsa"
  run bash "${ENTRYPOINT}"
  grep -q 'kafka.Kafka' "${CALLS}"
  run ! grep -q SharedArchiveFile "${CALLS}"
  : >"${METALS_KAFKA_SHARED_CLASSES}"
  run bash "${ENTRYPOINT}"
  grep -q -- "-XX:SharedArchiveFile=${METALS_KAFKA_SHARED_CLASSES} .*kafka.Kafka" "${CALLS}"
}

member() { # BROKER [ARGUMENT]
  printf '%s' password-of-brokers >"${WORK}/secrets/kafka-password-brokers"
  METALS_KAFKA_BROKERS=${BROKERS:-3} METALS_KAFKA_BROKER="$1" METALS_KAFKA_CLUSTER_ID=haPachdJZeUVdarW1tqUGA \
    run bash "${ENTRYPOINT}" "${@:2}"
}

formatted() { # CLUSTER_ID
  mkdir -p "${WORK}/data/logs"
  echo "cluster.id=$1" >"${WORK}/data/logs/meta.properties"
}

@test "one of several brokers makes no cluster: on an empty volume it joins the one that it is told" {
  member 2
  [[ ${status} == 0 ]]
  [[ ${output} == *"the volume was empty: broker 2 joins the cluster haPachdJZeUVdarW1tqUGA"* ]]
  grep -q 'file: "--no-initial-controllers"' "${CALLS}"
  grep -q 'file: "haPachdJZeUVdarW1tqUGA"' "${CALLS}"
  [[ $(<"${CALLS}") != *SCRAM-SHA-512* && $(<"${CALLS}") != *--standalone* ]]
  [[ -e "${WORK}/data/quorum" && -e "${WORK}/run/member" ]]
}

@test "one that is alone again, after others were there, begins anew on an empty volume, with its users" {
  BROKERS=1 member 1
  [[ ${status} == 0 ]]
  [[ ${output} == *"the volume was empty: the only broker begins the cluster haPachdJZeUVdarW1tqUGA again"* ]]
  [[ $(<"${CALLS}") == *SCRAM-SHA-512* && $(<"${CALLS}") == *--standalone* && $(<"${CALLS}") != *--no-initial-controllers* ]]
  [[ -e "${WORK}/data/quorum" && -e "${WORK}/run/member" ]]
}

@test "several brokers log in to each other, by a password that no client has" {
  member 3
  properties="${WORK}/run/server.properties"
  grep -qx 'controller.quorum.bootstrap.servers=kafka:9093,kafka-2:9093,kafka-3:9093' "${properties}"
  grep -qx 'node.id=3' "${properties}"
  grep -qx 'listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,LOCAL:PLAINTEXT,REPLICATION:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT' "${properties}"
  grep -q '^listeners=CLIENT://:9092,LOCAL://127.0.0.1:9094,REPLICATION://:9095,CONTROLLER://:9093$' "${properties}"
  grep -q '^listener.name.controller.plain.sasl.jaas.config=.*user_brokers="password-of-brokers";$' "${properties}"
  [[ $(grep -c 'min.insync.replicas=2' "${properties}") == 1 ]]
  [[ $(grep '^java' "${CALLS}") != *password-of* ]]
}

@test "a member whose volume is of another cluster does not start, and changes nothing" {
  formatted ONEOTHERCLUSTER0000000
  member 2
  [[ ${status} == 1 ]]
  [[ ${output} == *"holds a part of the cluster ONEOTHERCLUSTER0000000, and this broker is one of haPachdJZeUVdarW1tqUGA"* ]]
  [[ ! -e ${CALLS} && ! -e "${WORK}/data/kafka-mode" ]]
}

@test "what a member is told is checked before anything is written" {
  export METALS_KAFKA_BROKERS=2
  METALS_KAFKA_CLUSTER_ID=haPachdJZeUVdarW1tqUGA run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"METALS_KAFKA_BROKERS is 2; expected 1 or 3"* ]]
  export METALS_KAFKA_BROKERS=3
  METALS_KAFKA_CLUSTER_ID=-x run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"METALS_KAFKA_CLUSTER_ID is -x; expected the 22 characters"* ]]
  METALS_KAFKA_CLUSTER_ID=haPachdJZeUVdarW1tqUGA run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"kafka-password-brokers is missing or cannot be read"* ]]
  [[ ! -e "${WORK}/data/logs" ]]
}

@test "a cluster is formed once, with its users, and says its id" {
  member 1 form
  [[ ${status} == 0 && ${output} == *"cluster test-cluster"* ]]
  grep -q 'file: "--standalone"' "${CALLS}"
  [[ $(grep -c 'file: "SCRAM-SHA-512=\[name=' "${CALLS}") == 1 ]]
  [[ -e "${WORK}/data/quorum" ]]
  rm "${CALLS}"
  member 1 form
  [[ ${status} == 0 && ${output} == *"cluster test-cluster"* && ! -e ${CALLS} ]]
}

@test "a volume says which cluster it is of, and is left as it is" {
  run bash "${ENTRYPOINT}" cluster
  [[ ${status} == 0 && ${output} == *"cluster none"* && ! -e "${WORK}/data/logs" ]]
  formatted haPachdJZeUVdarW1tqUGA
  run bash "${ENTRYPOINT}" cluster
  [[ ${output} == *"cluster haPachdJZeUVdarW1tqUGA"* && ! -e ${CALLS} ]]
}

@test "the one broker of before becomes the first of three: its quorum is a setting until it is in the log" {
  formatted haPachdJZeUVdarW1tqUGA
  member 1
  grep -qx 'controller.quorum.voters=1@kafka:9093' "${WORK}/run/server.properties"
  run ! grep -q 'auto.join' "${WORK}/run/server.properties"
  echo dynamic >"${WORK}/data/quorum"
  member 1
  run ! grep -q 'controller.quorum.voters' "${WORK}/run/server.properties"
  grep -qx 'controller.quorum.auto.join.enable=true' "${WORK}/run/server.properties"
}
