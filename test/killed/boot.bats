#!/usr/bin/env bats
# The scripts of a node's boot, killed before their commands. systemd runs them again after a failure and at a reboot.
load helpers

boot_setup() { # STATUS of the group
  PATH=${PATH#"${BATS_TEST_DIRNAME}/fakes:"} command -v mkfs.xfs >/dev/null || skip 'NOT TESTED: there is no mkfs.xfs; apt-get install xfsprogs'
  export METALS_STAGE=lab METALS_SLOT=worker-1 METALS_ROLE=worker METALS_DATA_VOLUME_ID=vol-0123 METALS_OVERLAY_ENCRYPTION=on
  export METALS_STACK=metals-lab-swarm METALS_GROUP=SlotGroup METALS_DOCKER_BRIDGE_CIDR=172.26.0.0/16 METALS_GATEWAY_BRIDGE_CIDR=172.27.0.0/16
  export METALS_DATA_ROOT="${HOST}/data" METALS_FSTAB="${HOST}/etc/fstab" METALS_DOCKER_CONFIG_FILE="${HOST}/etc/docker/daemon.json"
  export METALS_BY_ID="${WORLD}/dev" METALS_POLL_SECONDS=0
  export DEVICE="${METALS_BY_ID}/nvme-Amazon_Elastic_Block_Store_vol0123"
  mkdir -p "${METALS_BY_ID}" "${METALS_DATA_ROOT}"
  printf 'UUID=root / xfs defaults 0 1\n' >"${METALS_FSTAB}"
  echo "$1" >"${WORLD}/aws/group"
  truncate -s 320M "${WORLD}/aws/nvme-unattached"
  jq -cn --arg root "${METALS_DATA_ROOT}" '{DockerRootDir: $root, Swarm: {LocalNodeState: "inactive", ControlAvailable: false}}' >"${WORLD}/swarm/info"
}

@test "boot.sh, at a first boot" {
  boot_setup CREATE_IN_PROGRESS
  SCRIPT="${ROOT}/assets/host/boot.sh"
  prove boot.sh
  [[ $(blkid -p -o value -s TYPE "${DEVICE}") == xfs ]]
}

@test "boot.sh, at a reboot in the middle of an update" {
  boot_setup UPDATE_IN_PROGRESS
  mv "${WORLD}/aws/nvme-unattached" "${DEVICE}" && touch "${WORLD}/aws/attached"
  mkfs.xfs -q "${DEVICE}"
  printf 'LABEL=older %s xfs defaults,nofail 0 2\n' "${METALS_DATA_ROOT}" >>"${METALS_FSTAB}"
  mkdir -p "${METALS_DATA_ROOT}/swarm" "${HOST}/etc/docker"
  echo '{}' | tee "${METALS_DATA_ROOT}/swarm/docker-state.json" >"${METALS_DOCKER_CONFIG_FILE}"
  jq -c '.Swarm.LocalNodeState = "active"' "${WORLD}/swarm/info" >"${WORLD}/swarm/new" && mv "${WORLD}/swarm/new" "${WORLD}/swarm/info"
  SCRIPT="${ROOT}/assets/host/boot.sh"
  prove boot.sh
}

@test "boot-failed.sh" {
  boot_setup CREATE_IN_PROGRESS
  SCRIPT="${ROOT}/assets/host/boot-failed.sh"
  prove boot-failed.sh
}

@test "container-guard.sh" {
  SCRIPT="${ROOT}/assets/host/container-guard.sh"
  touch "${WORLD}/kernel/raw-PREROUTING"
  prove container-guard.sh
}

# Everything that user data writes, in the node's disk of the test.
@test "user data, which writes the files of assets/host" {
  SCRIPT="${BATS_TEST_TMPDIR}/user-data.sh"
  (cd "${ROOT}" && node_modules/.bin/tsx -e \
    "process.stdout.write(require('./lib/constructs/user-data').renderUserData({ METALS_STAGE: 'lab', METALS_SLOT: 'worker-1' }))") >"${BATS_TEST_TMPDIR}/rendered"
  sed "/^write() {/,/^}/ s#\\\$1#${HOST}\$1#g" "${BATS_TEST_TMPDIR}/rendered" >"${SCRIPT}"
  prove user-data.sh
  grep -q "METALS_SLOT=worker-1" "${HOST}/etc/metals/node.env"
}
