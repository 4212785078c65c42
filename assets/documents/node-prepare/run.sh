#!/bin/bash
# Waits until the node's first boot is over, checks what the Swarm relies on, and pulls images.
# Agents never read a node's registry login, so what is here before a task starts is what it can start from.
require_parameters Images
load_node
take_lock node-prepare

first_boot() {
  local code=0
  timeout 600 cloud-init status --wait >/dev/null 2>&1 || code=$?
  # 2: finished, with warnings of cloud-init's own; what matters is checked below.
  [[ ${code} == 0 || ${code} == 2 ]] && return
  echo "--- end of /var/log/cloud-init-output.log" >&2
  tail -n 20 /var/log/cloud-init-output.log >&2
  fail "the first boot of this node failed (cloud-init status: exit code ${code})" \
    "terminate the instance: its group starts another in the same place, with the same volume"
}

docker_answers() { docker version >/dev/null 2>&1 || { echo "docker does not answer" && return 1; }; }

check_host() {
  local info
  info=$(docker_query /info)
  mountpoint -q "$(jq -r .DockerRootDir <<<"${info}")" ||
    fail "$(jq -r .DockerRootDir <<<"${info}") is not a mount: the data volume ${METALS_DATA_VOLUME_ID} is not there"
  jq -e '.SecurityOptions | any(contains("no-new-privileges"))' <<<"${info}" >/dev/null ||
    fail "docker runs without no-new-privileges" "look at /etc/docker/daemon.json"
  iptables -w -t raw -C PREROUTING ! -i lo -d 169.254.169.254/32 -j DROP 2>/dev/null ||
    fail "containers could reach instance metadata" "systemctl restart metals-imds-guard"
  log "docker $(jq -r .ServerVersion <<<"${info}"), $(jq -r .NCPU <<<"${info}") CPUs," \
    "$(jq -r '.MemTotal / 1048576 | floor' <<<"${info}") MiB, swarm $(jq -r .Swarm.LocalNodeState <<<"${info}")"
}

# The login lives in memory for as long as the pulls take.
pull_images() {
  local pair uri registry='' config="${METALS_RUN_FOLDER}/docker-config"
  trap 'rm -rf "${METALS_RUN_FOLDER}/docker-config"' EXIT
  mkdir -p "${config}"
  for pair in ${SSM_Images//,/ }; do
    uri=${pair#*=}
    if docker image inspect "${uri}" >/dev/null 2>&1; then
      log "image of ${pair%%=*} is here"
      continue
    fi
    if [[ ${registry} != "${uri%%/*}" ]]; then
      registry=${uri%%/*}
      aws ecr get-login-password | docker --config "${config}" login --username AWS --password-stdin "${registry}" >/dev/null 2>"${config}/login.log" ||
        fail "cannot log in to ${registry}: $(tail -n 3 "${config}/login.log")"
    fi
    log "pulling the image of ${pair%%=*}"
    docker --config "${config}" pull -q "${uri}" >/dev/null
  done
}

first_boot
wait_until 120 "waiting for docker" docker_answers
check_host
[[ -z ${SSM_Images} ]] || pull_images
log "node ${METALS_SLOT} is prepared"
