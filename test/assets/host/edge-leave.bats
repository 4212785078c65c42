#!/usr/bin/env bats
# What runs before Docker stops, with a docker that is a stub.

setup() {
  SCRIPT="${BATS_TEST_DIRNAME}/../../../assets/host/edge-leave.sh"
  export CALLS="${BATS_TEST_TMPDIR}/calls"
  mkdir "${BATS_TEST_TMPDIR}/bin"
  PATH="${BATS_TEST_TMPDIR}/bin:${PATH}"
  touch "${CALLS}"
}

docker_is() { # SHELL TEXT
  printf '#!/bin/bash\necho "$*" >>"${CALLS}"\n%s\n' "$1" >"${BATS_TEST_TMPDIR}/bin/docker"
  chmod +x "${BATS_TEST_TMPDIR}/bin/docker"
}

@test "the edge of this node is told to leave, and waited for" {
  docker_is 'case $1 in ps) echo c0ffee ;; wait) sleep 0.3 && echo ended >>"${CALLS}" ;; esac'
  run bash "${SCRIPT}"
  [[ ${status} == 0 && -z ${output} ]]
  diff - "${CALLS}" <<'EXPECTED'
ps --quiet --filter label=com.docker.swarm.service.name=metals_edge
kill --signal USR1 c0ffee
wait c0ffee
ended
EXPECTED
}

@test "without an edge nothing is done" {
  docker_is ':'
  run bash "${SCRIPT}"
  [[ ${status} == 0 && $(wc -l <"${CALLS}") == 1 ]]
}

@test "a Docker that hangs, and an edge that does not end, are not waited for any longer, and that is said" {
  docker_is 'sleep 30'
  METALS_EDGE_ANSWER_SECONDS=0.2 run bash "${SCRIPT}"
  [[ ${status} == 0 && ${output} == *'docker does not answer'* ]]
  docker_is 'case $1 in ps) echo c0ffee ;; wait) sleep 30 ;; esac'
  METALS_EDGE_LEAVE_SECONDS=0.2 run bash "${SCRIPT}"
  [[ ${status} == 0 && ${output} == *'c0ffee has not ended in 0.2 s'* ]]
}
