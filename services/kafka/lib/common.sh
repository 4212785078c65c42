# shellcheck shell=bash
# shellcheck disable=SC2034 # constants for the files beside this one
# Shared by both modes: messages, passwords, and Java started without a password on an argument list.

# In one order everywhere: Java takes shared classes only with the class path that they were written with.
KAFKA_CLASS_PATH=$(LC_ALL=C && printf '%s:' /opt/kafka/libs/*.jar)
readonly KAFKA_CLASS_PATH
# Made by share-classes.sh.
readonly SHARED_CLASSES=${METALS_KAFKA_SHARED_CLASSES:-/opt/metals/kafka.jsa}
readonly DATA=${METALS_KAFKA_DATA_DIRECTORY:-/var/lib/kafka/data}
readonly OTHER_DATA=${METALS_KAFKA_OTHER_DIRECTORY:-/var/lib/kafka/other}
readonly LOG_DIRECTORY=${DATA}/logs
readonly MODE_FILE=${DATA}/kafka-mode
readonly CREDENTIALS_FILE=${DATA}/credentials.sha256
# On a tmpfs: rendered files hold passwords.
readonly RUN=${METALS_KAFKA_RUN_DIRECTORY:-/tmp/kafka}
readonly SECRETS=${METALS_SECRETS_DIRECTORY:-/run/secrets}
# The administrator makes the other users, and changes them while the broker runs: services/tools.
readonly PRINCIPALS=(admin)
readonly TOOL_HEAP=(-Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)
# Below it the broker has no room for the files that it makes at a start.
readonly LEAST_FREE_MIB=64
readonly HEAP_MB=${METALS_KAFKA_HEAP_MB:-512}
BROKER_JVM=("-Xms${HEAP_MB}m" "-Xmx${HEAP_MB}m" -XX:+UseG1GC -XX:MaxGCPauseMillis=20
  -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true)
if [[ -n ${METALS_KAFKA_WRITE_CLASSES:-} ]]; then
  BROKER_JVM+=("-XX:ArchiveClassesAtExit=${SHARED_CLASSES}")
elif [[ -e ${SHARED_CLASSES} ]]; then
  BROKER_JVM+=("-XX:SharedArchiveFile=${SHARED_CLASSES}")
fi
readonly BROKER_JVM

log() { echo "entrypoint: $*"; }

fail() { # WHAT [NEXT]
  echo "entrypoint: $1" >&2
  [[ -z ${2:-} ]] || echo "entrypoint: next: $2" >&2
  exit 1
}

# Letters, digits, dot, dash and underscore need no escaping in any of the files that a password is written to.
read_password() { # PRINCIPAL
  local file="${SECRETS}/kafka-password-$1" value
  [[ -r ${file} ]] || fail "${file} is missing or cannot be read; expected the password of $1, as a Docker secret"
  value=$(<"${file}")
  [[ ${value} =~ ^[A-Za-z0-9._-]{12,128}$ ]] ||
    fail "${file}: a password has 12 to 128 letters, digits, dots, dashes or underscores; got ${#value} characters"
  printf '%s' "${value}"
}

# All of them before anything is written: an error inside "$(…)" in an argument would go unnoticed. Never exported.
declare -A PASSWORDS=()
load_passwords() {
  local principal
  for principal in "${PRINCIPALS[@]}"; do PASSWORDS[${principal}]=$(read_password "${principal}"); done
}

# One line that changes with any of the passwords and tells none: salted by the cluster's own id.
credentials_fingerprint() { # SALT
  local principal text="$1"
  for principal in "${PRINCIPALS[@]}"; do text+=" ${principal}:${PASSWORDS[${principal}]}"; done
  printf '%s' "${text}" | sha256sum | cut -d ' ' -f 1
}

# Arguments on stdin, one a line, go to Java through a file: anyone may read a process's argument list.
java_with_file() { # [JVM OPTION...]
  local file status=0
  file=$(mktemp "${RUN}/arguments.XXXXXX")
  sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/' >"${file}"
  java "${TOOL_HEAP[@]}" "$@" -cp "${KAFKA_CLASS_PATH}" "@${file}" || status=$?
  rm -f "${file}"
  return "${status}"
}

# Gives a user the password of its secret. What Java says of a failure is told in one line, without the password.
set_password() { # PRINCIPAL JVM_OPTION... CONNECTION_OPTION CONNECTION
  local principal=$1 password=${PASSWORDS[$1]} output reason
  local jvm=("${@:2:$#-3}") connection=("${@: -2}")
  if output=$(printf '%s\n' kafka.admin.ConfigCommand "${connection[@]}" --alter --entity-type users \
    --entity-name "${principal}" --add-config "SCRAM-SHA-512=[password=${password}]" |
    java_with_file "${jvm[@]}" 2>&1); then
    log "the password of ${principal} is updated"
    return
  fi
  reason=$(grep -E '^Caused by|Exception|Error' <<<"${output}" | tail -n 1 || tail -n 1 <<<"${output}")
  echo "entrypoint: the password of ${principal} could not be updated: ${reason//"${password}"/(password)}" >&2
  return 1
}

wait_for_port() { # HOST PORT SECONDS [PID: not without this process]
  local deadline=$((SECONDS + $3))
  until (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; do
    ((SECONDS < deadline)) && kill -0 "${4:-$$}" 2>/dev/null || return 1
    sleep 0.5
  done
}

common_properties() {
  # With three, one may be away, and what is acknowledged is on two.
  local replicas=${METALS_KAFKA_BROKERS:-1} in_sync=1
  ((replicas == 1)) || in_sync=2
  cat <<EOF
log.dirs=${LOG_DIRECTORY}
auto.create.topics.enable=false
num.partitions=6
default.replication.factor=${replicas}
min.insync.replicas=${in_sync}
offsets.topic.replication.factor=${replicas}
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${in_sync}
transaction.state.log.num.partitions=1
log.retention.hours=168
log.segment.bytes=268435456
message.max.bytes=2097152
# Longer than the retention of any topic: a position must not be forgotten before what it points at.
offsets.retention.minutes=43200
group.initial.rebalance.delay.ms=500
# A session with an old password ends at the latest after an hour.
connections.max.reauth.ms=3600000
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="${PASSWORDS[admin]}";
EOF
}

# The volumes are per mode. Data of the other mode on this node means that the mode was changed over existing data.
check_mode() { # MODE
  local other=''
  [[ ! -r ${OTHER_DATA}/kafka-mode ]] || other=$(<"${OTHER_DATA}/kafka-mode")
  if [[ -n ${other} && ${other} != "$1" ]]; then
    fail "this node holds Kafka's data of ${other} mode, which $1 mode cannot read; nothing was changed" \
      "deploy with kafkaMode=${other}; or, to lose all events in Kafka, remove the stack and the volume metals_kafka-data-${other} on this node, then deploy again"
  fi
  [[ -w ${DATA} ]] || fail "${DATA} is not writable for user $(id -u); expected an empty volume or one of Kafka's own"
  if [[ -e ${MODE_FILE} && $(<"${MODE_FILE}") != "$1" ]]; then
    fail "${DATA} was written in $(<"${MODE_FILE}") mode, and METALS_KAFKA_MODE is $1" "deploy with kafkaMode=$(<"${MODE_FILE}")"
  fi
}

# A broker whose disk is full stops, and the services see only that it is gone: here it is said.
report_full_disk() {
  local heading free_kib
  { read -r heading && read -r _ _ _ free_kib _; } < <(df -P -k "${DATA}") ||
    fail "df does not tell how much of ${DATA} is free"
  [[ ${free_kib} =~ ^[0-9]+$ ]] || fail "df of ${DATA} says ${free_kib} below ${heading}; expected a number of KiB"
  ((free_kib < LEAST_FREE_MIB * 1024)) || return 0
  echo "entrypoint: the data volume is full: ${DATA} has $((free_kib / 1024)) MiB left, Kafka needs ${LEAST_FREE_MIB}" >&2
  echo "entrypoint: next: enlarge dataVolumeGiB and deploy; the volume grows in place, and nothing acknowledged is lost" >&2
}

write_atomically() { # FILE, content on stdin
  cat >"$1.new"
  mv "$1.new" "$1"
}
