#!/usr/bin/env bats
# What a broker says of partitions that lag, with a `java` that answers as Kafka's own tool.

setup() {
  SCRIPT="${BATS_TEST_DIRNAME}/../../../services/kafka/in-sync.sh"
  export METALS_KAFKA_RUN_DIRECTORY="${BATS_TEST_TMPDIR}/run" ANSWER="${BATS_TEST_TMPDIR}/answer" CALLS="${BATS_TEST_TMPDIR}/calls"
  mkdir -p "${BATS_TEST_TMPDIR}/bin" "${METALS_KAFKA_RUN_DIRECTORY}"
  : >"${ANSWER}"
  cat >"${BATS_TEST_TMPDIR}/bin/java" <<'JAVA'
#!/bin/bash
for argument in "$@"; do [[ ${argument} != @* ]] || cat "${argument#@}" >>"${CALLS}"; done
cat "${ANSWER}"
exit "${ANSWERS_WITH:-0}"
JAVA
  chmod +x "${BATS_TEST_TMPDIR}/bin/java"
  # busybox.bats runs this file a second time, with BusyBox's applets before the other programs.
  PATH="${BATS_TEST_TMPDIR}/bin:${METALS_TEST_APPLETS:+${METALS_TEST_APPLETS}:}${PATH}"
}

@test "no partition that lags is silence" {
  run bash "${SCRIPT}"
  [[ ${status} == 0 && -z ${output} ]]
  grep -qx '"127.0.0.1:9094"' "${CALLS}"
  grep -qx '"--under-replicated-partitions"' "${CALLS}"
}

# PARTITION REPLICAS ISR, as the tool prints them.
partition() {
  printf '\tTopic: metals-prices\tPartition: %s\tLeader: 2\tReplicas: %s\tIsr: %s\tElr: \tLastKnownElr: \n' "$@" >>"${ANSWER}"
}

@test "partitions that this broker lacks are counted, the first with its replicas" {
  partition 0 1,2,3 2,3
  partition 4 3,1,2 3,2
  run bash "${SCRIPT}"
  [[ ${status} == 1 ]]
  [[ ${output} == "2 partitions are not in sync on broker 1, such as Topic: metals-prices Partition: 0 Leader: 2 Replicas: 1,2,3 Isr: 2,3"* ]]
}

@test "what another broker lacks is no reason to wait for this one" {
  partition 0 1,2,3 1,2
  partition 1 2,13 2
  run bash "${SCRIPT}"
  [[ ${status} == 0 && -z ${output} ]]
  METALS_KAFKA_BROKER=3 run bash "${SCRIPT}"
  [[ ${status} == 1 && ${output} == "1 partitions are not in sync on broker 3"* ]]
}

@test "a broker that does not answer is not in sync" {
  printf 'first line\norg.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment\n' >"${ANSWER}"
  ANSWERS_WITH=1 run bash "${SCRIPT}"
  [[ ${status} == 1 && ${output} == "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment" ]]
}
