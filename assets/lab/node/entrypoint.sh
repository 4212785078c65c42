#!/usr/bin/env bash
# Boots a node of the lab: what hypervisor, systemd, cloud-init and SSM agent do on an EC2 instance.
#
# Environment:
#   LAB_GATEWAY        address:port of the lab's gateway, in the VPC's network
#   LAB_REGISTRY       name of the account's registry; it resolves to 127.0.0.2 here (--add-host)
#   LAB_CGROUP_PARENT  cgroup v1: the node's cgroup, such as /metals-lab/ip-10-40-1-10; empty with cgroup v2
#   LAB_VCPUS          vCPUs of the instance type
#   LAB_MEMORY_MIB     memory of the instance type
#   LAB_VOLUMES        loop: user data attaches the volume; docker: a Docker volume is mounted from the start
#   LAB_USER_DATA_DELAY_SECONDS  how long after its agent the node's user data begins
set -Eeuo pipefail

readonly LAB_LIB=/usr/local/lib/metals-lab
# shellcheck source=assets/lab/node/lib/common.sh
source "$LAB_LIB/common.sh"
# shellcheck source=assets/lab/node/lib/limits.sh
source "$LAB_LIB/limits.sh"
# shellcheck source=assets/lab/node/lib/forwarders.sh
source "$LAB_LIB/forwarders.sh"

: "${LAB_GATEWAY:?is the address:port of the gateway of the lab}"
: "${LAB_REGISTRY:?is the name of the registry of the account}"
: "${LAB_VCPUS:?is the number of vCPUs of the instance type}"
: "${LAB_MEMORY_MIB:?is the memory of the instance type}"
: "${LAB_VOLUMES:?is loop or docker}"
: "${LAB_USER_DATA_DELAY_SECONDS:?is how long after the agent user data begins}"

shut_down() {
  log 'shutting down'
  systemctl stop docker.service
  exit 0
}

# A container that was stopped and started again still has the files of its last boot.
forget_last_boot() {
  rm -rf /run/metals-lab /run/cloud-init /run/metals
  rm -f /run/docker.pid /run/docker/containerd/containerd.pid /run/docker.sock
  # Process ids of steps that ended with it: stop-step must not kill what has them now.
  [[ ! -d /var/lib/amazon/ssm ]] || find /var/lib/amazon/ssm -type f \( -name group -o -name session \) -delete
  mkdir -p /run/metals-lab/units /run/cloud-init /var/log/metals-lab
  printf 'LAB_REGISTRY=%q\nLAB_CGROUP_PARENT=%q\n' "$LAB_REGISTRY" "${LAB_CGROUP_PARENT:-}" >/run/metals-lab/environment
}

# Before any unit, as systemd mounts what fstab names; `nofail` lets a boot go on without it.
mount_file_systems() {
  "$LAB_LIB/device" restore
  mount --all || log 'not all file systems of /etc/fstab are mounted'
}

# Nothing on AWS lets the agent wait for user data: documents may come before it has begun.
run_user_data_later() {
  sleep "$LAB_USER_DATA_DELAY_SECONDS"
  exec "$LAB_LIB/run-user-data"
}

# The node reports to Systems Manager by itself, like the SSM agent: a node that hangs is not Online.
run_agent() {
  local url=http://169.254.169.254/lab/agent answering=yes
  # By the forwarder that stands for AWS's endpoints: Systems Manager is one, and security groups judge the way to it.
  local way=(--connect-to 169.254.169.254:80:127.0.0.1:4566)
  while :; do
    if curl -sS -f -o /dev/null --max-time 4 "${way[@]}" -X POST "$url" 2>/run/metals-lab/agent.error; then
      [[ $answering == yes ]] || log 'agent: the gateway answers again'
      answering=yes
    elif [[ $answering == yes ]]; then
      log "agent: the gateway does not answer: $(tail -n 1 /run/metals-lab/agent.error)"
      answering=no
    fi
    sleep 5
  done
}

main() {
  trap shut_down TERM INT
  forget_last_boot
  # Before anything listens. The gateway applies a new node's rules; until then its forwarders get no answer.
  "$LAB_LIB/security-groups" restore
  apply_limits
  start_forwarders
  log 'stand-ins on this node: systemctl, journalctl, modprobe, cloud-init'
  mount_file_systems
  run_agent &
  systemctl lab-boot
  run_user_data_later &
  log 'up'
  # The shell must stay interruptible for SIGTERM: it waits, in the background, for ever.
  sleep infinity &
  wait $!
}

main
