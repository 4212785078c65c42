#!/bin/bash
# First boot of a node: its data volume, its Docker, and nothing else. Every step looks whether it is already done, so
# that the script can run again, on an instance that came back with the same volume or on one where it was interrupted.
# Settings come as METALS_* variables in front of this text.
set -Eeuo pipefail
trap 'echo "user-data: line ${LINENO}: ${BASH_COMMAND}: exit code $?" >&2' ERR

DATA_ROOT=/var/lib/docker
VOLUME_TIMEOUT_SECONDS=600
METADATA=http://169.254.169.254

log() { echo "user-data: $*"; }

die() {
  echo "user-data: error: $*" >&2
  exit 1
}

# Looks every two seconds until a command succeeds; says what it waited for when the time is over.
wait_for() { # SECONDS WHAT COMMAND…
  local seconds=$1 what=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || die "${what} did not happen within ${seconds} s"
    sleep 2
  done
}

write_file() { # PATH MODE, content on stdin
  mkdir -p "$(dirname "$1")"
  cat >"$1"
  chmod "$2" "$1"
}

instance_id() {
  local token
  token=$(curl -sSf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "${METADATA}/latest/api/token")
  curl -sSf -H "X-aws-ec2-metadata-token: ${token}" "${METADATA}/latest/meta-data/instance-id"
}

record_node() {
  write_file /etc/metals/node.env 0644 <<EOF
METALS_STAGE=${METALS_STAGE}
METALS_SLOT=${METALS_SLOT}
METALS_ROLE=${METALS_SLOT%%-*}
METALS_DATA_VOLUME_ID=${METALS_DATA_VOLUME_ID}
EOF
}

volume_state() {
  aws ec2 describe-volumes --volume-ids "${METALS_DATA_VOLUME_ID}" --query 'Volumes[0].State' --output text
}
volume_is_available() { [[ $(volume_state) == available ]]; }

# The volume may still be in the instance that this one replaces. It is never detached by force: unwritten data would go.
attach_volume() {
  local id device=$1
  [[ -e ${device} ]] && return
  id=$(instance_id)
  log "waiting for ${METALS_DATA_VOLUME_ID} to be available"
  wait_for "${VOLUME_TIMEOUT_SECONDS}" "volume ${METALS_DATA_VOLUME_ID} becoming available" volume_is_available
  aws ec2 attach-volume --volume-id "${METALS_DATA_VOLUME_ID}" --instance-id "${id}" --device /dev/sdf >/dev/null
  wait_for "${VOLUME_TIMEOUT_SECONDS}" "device ${device} appearing" test -e "${device}"
}

# Only a volume on which blkid finds nothing (exit code 2) is formatted; any other doubt is an error.
format_volume() {
  local device=$1 code=0
  blkid -p -s TYPE -s PTTYPE "${device}" >/dev/null || code=$?
  case ${code} in
    0) log "${device} has a file system" ;;
    2) log "${device} is empty: formatting" && mkfs.xfs -q -L metals-docker "${device}" ;;
    *) die "blkid ${device} answered ${code}; nothing was formatted" ;;
  esac
}

mount_data() {
  if mountpoint -q "${DATA_ROOT}"; then
    log "${DATA_ROOT} is mounted"
    return
  fi
  local device="/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${METALS_DATA_VOLUME_ID/-/}"
  attach_volume "${device}"
  format_volume "${device}"
  mkdir -p "${DATA_ROOT}"
  if ! grep -q '^LABEL=metals-docker ' /etc/fstab; then
    echo "LABEL=metals-docker ${DATA_ROOT} xfs defaults,nofail 0 2" >>/etc/fstab
  fi
  systemctl daemon-reload
  mount "${DATA_ROOT}"
  xfs_growfs "${DATA_ROOT}" >/dev/null
  log "${METALS_DATA_VOLUME_ID} is mounted on ${DATA_ROOT}"
}

# Encrypted overlays need both modules; without them everything between nodes is dropped, silently.
load_modules() {
  if ! modprobe -a esp4 xt_bpf; then
    [[ ${METALS_OVERLAY_ENCRYPTION} != on ]] ||
      die "the kernel refuses esp4 or xt_bpf, which encrypted overlay networks need (look for 'blacklist esp4' in /etc/modprobe.d)"
    log "the kernel has no esp4 or xt_bpf; overlayEncryption=${METALS_OVERLAY_ENCRYPTION}, so that is not an error"
  fi
}

configure_docker() {
  write_file /etc/docker/daemon.json 0644 <<EOF
{
  "no-new-privileges": true,
  "log-driver": "local",
  "log-opts": { "max-size": "10m", "max-file": "3" },
  "bip": "${METALS_DOCKER_BRIDGE_CIDR%.*}.1/${METALS_DOCKER_BRIDGE_CIDR#*/}",
  "default-address-pools": [{ "base": "${METALS_GATEWAY_BRIDGE_CIDR}", "size": 24 }]
}
EOF
  # Without its volume dockerd would start on the root disk, empty, as a node of no Swarm.
  write_file /etc/systemd/system/docker.service.d/10-metals.conf 0644 <<EOF
[Unit]
RequiresMountsFor=${DATA_ROOT}
AssertPathIsMountPoint=${DATA_ROOT}
Requires=metals-imds-guard.service
After=metals-imds-guard.service
EOF
  # Containers must not reach the role's credentials: their packets come in on a bridge, the node's own on lo or not at all.
  write_file /usr/local/sbin/metals-imds-guard 0755 <<'EOF'
#!/bin/bash
set -euo pipefail
rule=(PREROUTING ! -i lo -d 169.254.169.254/32 -j DROP)
iptables -w -t raw -C "${rule[@]}" 2>/dev/null || iptables -w -t raw -I "${rule[@]}"
EOF
  write_file /etc/systemd/system/metals-imds-guard.service 0644 <<'EOF'
[Unit]
Description=Keep containers from instance metadata
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/metals-imds-guard

[Install]
WantedBy=multi-user.target
EOF
}

install_docker() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker)
  command -v jq >/dev/null || missing+=(jq)
  command -v iptables >/dev/null || missing+=(iptables-nft)
  if ((${#missing[@]})); then
    log "installing ${missing[*]}"
    dnf install -y -q "${missing[@]}"
  fi
}

start_docker() {
  systemctl daemon-reload
  systemctl enable --now metals-imds-guard.service docker.service
  wait_for 120 'docker answering' docker version >/dev/null
  [[ $(docker info --format json | jq -r .DockerRootDir) == "${DATA_ROOT}" ]] || die "docker does not keep its data in ${DATA_ROOT}"
}

record_node
load_modules
mount_data
install_docker
configure_docker
start_docker
log "node ${METALS_SLOT} of stage ${METALS_STAGE} is ready"
