#!/bin/bash
# Docker: installed, configured, and started only once the kernel has what the Swarm needs.

DOCKER_CONFIG_FILE="${METALS_DOCKER_CONFIG_FILE:-/etc/docker/daemon.json}"

# Names of packages in AL2023's own repositories, as the guide for Docker on AL2023 installs them
# (https://gist.github.com/basaran/c5d2829b05b8f0ca64e59f41104f488f) and the list "All packages" of AL2023's release notes
# has them; read on 2026-11-26, not tried on AWS.
missing_packages() {
  command -v dockerd >/dev/null || echo docker
  command -v jq >/dev/null || echo jq
  command -v iptables >/dev/null || echo iptables-nft
  # Reads which Swarm the node's certificate is of.
  command -v openssl >/dev/null || echo openssl
}

# The way out (NAT, routes) and the repositories may not answer at once.
install_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  log "installing ${packages[*]}"
  wait_until 300 "installing ${packages[*]}" try dnf install -y -q "${packages[@]}"
}

# Docker marks the packets to encrypt by a match of this kind. The chain is used by nothing and goes at once.
kernel_has_bpf_match() {
  local chain=METALS-PROBE code=0
  # A chain that an interrupted probe left.
  iptables -w -t mangle -F "${chain}" 2>/dev/null && iptables -w -t mangle -X "${chain}"
  iptables -w -t mangle -N "${chain}"
  iptables -w -t mangle -A "${chain}" -m bpf --bytecode '1,6 0 0 0' -j RETURN 2>/dev/null || code=1
  iptables -w -t mangle -F "${chain}"
  iptables -w -t mangle -X "${chain}"
  return "${code}"
}

join_by() { # SEPARATOR WORD…
  local separator=$1 joined
  shift
  joined=$(printf "%s${separator}" "$@")
  printf '%s' "${joined%"${separator}"}"
}

# Without these an encrypted overlay drops everything between nodes, while every service shows healthy.
check_encryption() {
  local lacks=() advice=()
  # Loads what is a module; whether the kernel can is asked below.
  modprobe -qa esp4 xt_bpf || log 'modprobe knows no esp4 or xt_bpf; they may be built in'
  if ! kernel_has_esp; then
    lacks+=('ESP with AES-GCM')
    advice+=("for ESP: look for 'blacklist esp4' in /etc/modprobe.d")
  fi
  if ! kernel_has_bpf_match; then
    lacks+=("iptables' match bpf")
    # Which of AL2023's packages holds xt_bpf is not documented; the kernel's further modules are in this one
    # (amazonlinux/amazon-linux-2023#936).
    advice+=('for the match bpf: another machine image, or one with kernel-modules-extra of its kernel')
  fi
  ((${#lacks[@]})) || return 0
  local what
  what="the kernel $(uname -r) lacks $(join_by ', ' "${lacks[@]}")"
  [[ ${METALS_OVERLAY_ENCRYPTION} != on ]] ||
    fail "${what}, which encrypted overlay networks need ($(join_by '; ' "${advice[@]}"); or deploy with -c overlayEncryption=off)"
  log "${what}; overlayEncryption=${METALS_OVERLAY_ENCRYPTION}, so that is not an error"
}

docker_config() {
  cat <<EOT
{
  "no-new-privileges": true,
  "log-driver": "local",
  "log-opts": { "max-size": "10m", "max-file": "3" },
  "bip": "${METALS_DOCKER_BRIDGE_CIDR%.*}.1/${METALS_DOCKER_BRIDGE_CIDR#*/}",
  "default-address-pools": [{ "base": "${METALS_GATEWAY_BRIDGE_CIDR}", "size": 24 }]
}
EOT
}

# Also called by the document node-prepare, for a file that somebody has changed.
configure_docker() {
  [[ ! -e ${DOCKER_CONFIG_FILE} || $(<"${DOCKER_CONFIG_FILE}") != "$(docker_config)" ]] || return 0
  mkdir -p "$(dirname "${DOCKER_CONFIG_FILE}")"
  docker_config >"${DOCKER_CONFIG_FILE}.new"
  mv "${DOCKER_CONFIG_FILE}.new" "${DOCKER_CONFIG_FILE}"
  log "${DOCKER_CONFIG_FILE} is written: Docker takes it at its next start"
}

start_docker() {
  local root
  systemctl daemon-reload
  systemctl enable --now metals-container-guard.service docker.service
  wait_until 120 'waiting for docker' try docker version
  root=$(docker info --format json | jq -r .DockerRootDir)
  [[ ${root} == "${DATA_ROOT}" ]] || fail "docker keeps its data in ${root}, expected ${DATA_ROOT}"
}
