#!/bin/bash
# Waits until the node's first boot is over, checks what the Swarm relies on, and pulls images.
# Agents never read a node's registry login, so what is here before a task starts is what it can start from.
require_parameters Images
await_node
take_lock node-prepare

check_host() {
  local info missing
  info=$(docker_query /info)
  mountpoint -q "$(jq -r .DockerRootDir <<<"${info}")" ||
    fail "$(jq -r .DockerRootDir <<<"${info}") is not a mount: the data volume ${METALS_DATA_VOLUME_ID} is not there"
  jq -e '.SecurityOptions | any(contains("no-new-privileges"))' <<<"${info}" >/dev/null ||
    fail "docker runs without no-new-privileges" "look at /etc/docker/daemon.json"
  missing=$(metals-container-guard check) ||
    fail "containers could reach what is the node's own: ${missing}" "systemctl restart metals-container-guard"
  log "docker $(jq -r .ServerVersion <<<"${info}"), $(jq -r .NCPU <<<"${info}") CPUs," \
    "$(jq -r '.MemTotal / 1048576 | floor' <<<"${info}") MiB, swarm $(jq -r .Swarm.LocalNodeState <<<"${info}")"
}

# The volume may have been enlarged since the boot; a file system that fills its volume stays as it is.
grow_file_system() {
  local root before after
  root=$(docker_query /info | jq -r .DockerRootDir)
  # Only XFS grows by this command; the lab's stand-in for a volume may be something else.
  [[ $(findmnt -n -o FSTYPE --target "${root}") == xfs ]] || { log "${root} is no XFS: not grown" && return; }
  before=$(df --output=size -B1 "${root}" | tail -n 1)
  xfs_growfs "${root}" >/dev/null
  after=$(df --output=size -B1 "${root}" | tail -n 1)
  ((after == before)) || log "${root} has grown from ${before} to ${after} bytes"
}

# The header that authorises a pull, on stdout. Docker wants base64 in its URL-safe form.
registry_login() {
  granted aws ecr get-login-password |
    jq -rR --arg registry "${METALS_REGISTRY}" '{username: "AWS", password: ., serveraddress: $registry} | @base64' |
    tr '+/' '-_' | sed 's/^/X-Registry-Auth: /'
}

# By Docker's API, with the login on a pipe: on a disk or among arguments it would outlive this script, which a time-out
# or a cancellation ends by SIGKILL. Docker answers 200 first and tells failures as the last line of its progress.
pull() { # URI
  local progress error
  progress=$(registry_login | docker_api POST "/images/create?fromImage=$1" -H @- 2>&1) ||
    { tail -n 1 <<<"${progress}" && return 1; }
  error=$(jq -rR 'fromjson? | .error // empty' <<<"${progress}" | tail -n 1)
  [[ -z ${error} ]] || { echo "${error}" && return 1; }
}

# The login to this account's registry must go nowhere else.
refuse_other_registries() {
  local pair
  for pair in ${SSM_Images//,/ }; do
    [[ ${pair#*=} == "${METALS_REGISTRY}/"* ]] ||
      fail "image ${pair#*=} is not in this account's registry, ${METALS_REGISTRY}; nothing was pulled"
  done
}

pull_images() {
  local pair uri
  for pair in ${SSM_Images//,/ }; do
    uri=${pair#*=}
    if docker image inspect "${uri}" >/dev/null 2>&1; then
      log "image of ${pair%%=*} is here"
      continue
    fi
    log "pulling the image of ${pair%%=*}"
    wait_until 120 "pulling ${uri}" pull "${uri}"
    docker image inspect "${uri}" >/dev/null 2>&1 || fail "docker pulled ${uri}, and does not have it" "docker images"
  done
}

# Versions before this one kept the registry login there, and left it when they were killed.
rm -rf "${METALS_RUN_FOLDER}/docker-config"
check_host
grow_file_system
if [[ ${SSM_Images} != none ]]; then
  refuse_other_registries
  pull_images
fi
log "node ${METALS_SLOT} is prepared"
