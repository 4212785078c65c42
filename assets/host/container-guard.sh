#!/bin/bash
# Keeps containers from instance metadata, and those on docker_gwbridge, as the Swarm's tasks are, from the Swarm itself.
# Their packets come in on a bridge, the node's own on lo or not at all.
#   metals-container-guard         sets the rules that are missing
#   metals-container-guard check   names the rules that are missing, and ends with 1 if there are any
set -euo pipefail

rules=(
  # Instance metadata, where the role's credentials are.
  '! -i lo -d 169.254.169.254/32'
  # VXLAN: sent to any node by way of the bridge, a frame would enter an overlay network that its sender is not on.
  '-i docker_gwbridge -p udp --dport 4789'
  # The Swarm itself, here and on every other node.
  '-i docker_gwbridge -p tcp --dport 2377'
  '-i docker_gwbridge -p tcp --dport 7946'
  '-i docker_gwbridge -p udp --dport 7946'
)

missing=0
for rule in "${rules[@]}"; do
  read -ra words <<<"${rule}"
  # Before Docker's own rules, and whether or not Docker runs.
  iptables -w -t raw -C PREROUTING "${words[@]}" -j DROP 2>/dev/null && continue
  if [[ ${1:-} == check ]]; then
    missing=1
    echo "missing in raw/PREROUTING: ${rule} -j DROP"
  else
    iptables -w -t raw -I PREROUTING "${words[@]}" -j DROP
  fi
done
exit "${missing}"
