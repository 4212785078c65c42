#!/usr/bin/env bats
# Kafka's image is Alpine: bash with BusyBox's applets. The tests of the entrypoints run a second time with those applets
# before the other programs on PATH. The other run, with the programs of this machine, is the files by themselves.

setup() {
  HERE="${BATS_TEST_DIRNAME}"
  if ! command -v busybox >/dev/null; then
    skip 'NOT TESTED: busybox is not installed (Debian: apt-get install busybox); Kafka runs on Alpine, where it is all there is'
  fi
  APPLETS="${BATS_TEST_TMPDIR}/applets"
  mkdir "${APPLETS}"
  # Not `--install`, which Debian's build lacks.
  local applet
  for applet in $(busybox --list); do ln -s "$(command -v busybox)" "${APPLETS}/${applet}"; done
}

with_applets() { # FILE
  METALS_TEST_APPLETS="${APPLETS}" run "${HERE}/../../node_modules/bats/bin/bats" --tap "${HERE}/$1"
  echo "${output}"
  [[ ${status} == 0 ]]
  # A run that found no tests would pass as well.
  [[ $(grep -c '^ok' <<<"${output}") -ge $2 ]]
}

@test "the applets are BusyBox's" {
  for program in sed grep base64 tr head cut sha256sum mktemp mv rm mkdir; do
    [[ $(PATH="${APPLETS}" command -v "${program}") == "${APPLETS}/${program}" ]]
  done
}

@test "Kafka's entrypoint under BusyBox's applets" {
  with_applets kafka/entrypoint.bats 12
}

@test "Kafka's look at its partitions under BusyBox's applets" {
  with_applets kafka/in-sync.bats 4
}

@test "MongoDB's entrypoint under BusyBox's applets" {
  with_applets mongodb/entrypoint.bats 6
}

@test "the health checks need no program but bash" {
  local bash service
  bash=$(command -v bash)
  for service in kafka mongodb zookeeper; do
    # Nothing is on this PATH. Whether a port answers on this machine is not what is asked here.
    PATH="${BATS_TEST_TMPDIR}/nothing" run "${bash}" "${HERE}/../../services/${service}/healthcheck.sh"
    echo "${service}: ${output}"
    [[ ${status} -lt 126 && ${output} != *'not found'* ]]
  done
}
