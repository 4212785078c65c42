# Stand-ins for aws, curl and systemctl, for tests of a node's boot. Nothing here needs AWS, systemd or Docker.
# shellcheck disable=SC2154 # status and output are of bats
ROOT=$(cd "${BATS_TEST_DIRNAME}/../../.." && pwd)

setup() {
  export CALLS="${BATS_TEST_TMPDIR}/calls"
  : >"${CALLS}"
  mkdir -p "${BATS_TEST_TMPDIR}/bin" "${BATS_TEST_TMPDIR}/by-id" "${BATS_TEST_TMPDIR}/data"
  export PATH="${BATS_TEST_TMPDIR}/bin:${PATH}"
  export METALS_STAGE=test METALS_SLOT=worker-1 METALS_ROLE=worker METALS_DATA_VOLUME_ID=vol-0123
  export METALS_STACK=metals-test-swarm METALS_GROUP=SlotGroup METALS_OVERLAY_ENCRYPTION=on
  export METALS_DATA_ROOT="${BATS_TEST_TMPDIR}/data" METALS_BY_ID="${BATS_TEST_TMPDIR}/by-id"
  export METALS_FSTAB="${BATS_TEST_TMPDIR}/fstab" METALS_POLL_SECONDS=0.05 METALS_VOLUME_TIMEOUT_SECONDS=2
  export METALS_SWARM_TIMEOUT_SECONDS=1 METALS_PRODUCER_TIMEOUT_SECONDS=1 METALS_TASKS_TIMEOUT_SECONDS=1 METALS_IN_SYNC_TIMEOUT_SECONDS=1
  export DEVICE="${METALS_BY_ID}/nvme-Amazon_Elastic_Block_Store_vol0123"
  printf 'UUID=root / xfs defaults 0 1\n' >"${METALS_FSTAB}"
  stub curl <<<'echo i-new'
  stub systemctl </dev/null
}

# A command whose body is on stdin; its calls are written down first.
stub() { # NAME
  {
    # shellcheck disable=SC2016 # expanded when the stub runs
    printf '#!/bin/bash\nprintf "%%s\\n" "%s $*" >>"${CALLS}"\n' "$1"
    cat
  } >"${BATS_TEST_TMPDIR}/bin/$1"
  chmod +x "${BATS_TEST_TMPDIR}/bin/$1"
}

# The libraries of the boot, then a line of a test's own.
boot() { # LINES
  local library
  {
    for library in common wait volume esp docker deployment services recovery; do echo "source ${ROOT}/assets/host/lib/${library}.sh"; done
    echo "$1"
  } >"${BATS_TEST_TMPDIR}/lines.sh"
  run bash "${BATS_TEST_TMPDIR}/lines.sh"
}

# A sparse file in the place of a device.
device() { # SIZE
  truncate -s "$1" "${DEVICE}"
}

needs() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || skip "NOT TESTED: there is no $1; apt-get install $2"
}

assert_status() {
  [[ ${status} == "$1" ]] || { echo "status ${status}, expected $1; output: ${output}" && return 1; }
}
assert_output() { # TEXT that must be in the output
  [[ ${output} == *"$1"* ]] || { echo "not in the output: $1; output: ${output}" && return 1; }
}
assert_call() {
  grep -qF -- "$1" "${CALLS}" || { echo "not called: $1; calls: $(cat "${CALLS}")" && return 1; }
}
refute_call() {
  ! grep -F -- "$1" "${CALLS}" || { echo "was called: $1" && return 1; }
}
