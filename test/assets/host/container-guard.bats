#!/usr/bin/env bats
# The guard in a network namespace of its own: "node", with a bridge named as Docker's and a container on it, and "peer",
# another node. The kernel and iptables are the machine's own.
bats_require_minimum_version 1.5.0

readonly NODE_ADDRESS=192.0.2.10 PEER_ADDRESS=192.0.2.20

setup() {
  [[ ${EUID} -eq 0 ]] || skip 'NOT TESTED: network namespaces need root'
  local tool
  for tool in ip iptables python3; do command -v "${tool}" >/dev/null || skip "NOT TESTED: there is no ${tool}"; done
  guard=${BATS_TEST_DIRNAME}/../../../assets/host/container-guard.sh
  node=guard-node-$$-${BATS_TEST_NUMBER} peer=guard-peer-$$-${BATS_TEST_NUMBER} container=guard-task-$$-${BATS_TEST_NUMBER}
  ip netns add "${node}" 2>/dev/null || skip 'NOT TESTED: this machine lets nobody make network namespaces'
  ip netns add "${peer}"
  ip netns add "${container}"
  ip -n "${node}" link add eth0 type veth peer name eth0 netns "${peer}"
  ip -n "${node}" link add docker_gwbridge type veth peer name eth0 netns "${container}"
  local namespace
  for namespace in "${node}" "${peer}" "${container}"; do ip -n "${namespace}" link set lo up && ip -n "${namespace}" link set eth0 up; done
  ip -n "${node}" link set docker_gwbridge up
  ip -n "${node}" address add "${NODE_ADDRESS}/24" dev eth0
  ip -n "${peer}" address add "${PEER_ADDRESS}/24" dev eth0
  ip -n "${node}" address add 198.51.100.1/24 dev docker_gwbridge
  ip -n "${container}" address add 198.51.100.2/24 dev eth0
  ip -n "${container}" route add default via 198.51.100.1
  ip -n "${peer}" route add 198.51.100.0/24 via "${NODE_ADDRESS}"
  ip netns exec "${node}" sysctl -qw net.ipv4.ip_forward=1
  in_node iptables -t raw -S >/dev/null || skip 'NOT TESTED: iptables has no table raw here'
}

teardown() {
  local namespace
  for namespace in "${node:-}" "${peer:-}" "${container:-}"; do
    [[ -z ${namespace} ]] || ip netns delete "${namespace}" 2>/dev/null || true
  done
}

in_node() { ip netns exec "${node}" "$@"; }

# Whether a datagram of FROM arrives at PORT of ADDRESS in the namespace TO.
arrives() { # FROM TO ADDRESS PORT
  local receiver
  ip netns exec "$2" python3 - "$3" "$4" 3>&- <<'PYTHON' >"${BATS_TEST_TMPDIR}/received" &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
s.settimeout(1.5)
try:
    print(s.recv(10).decode())
except TimeoutError:
    print("nothing")
PYTHON
  receiver=$!
  for _ in {1..50}; do
    [[ -z $(ip netns exec "$2" ss -Hlun "sport = :$4") ]] || break
    sleep 0.1
  done
  ip netns exec "$1" bash -c 'printf probe >"/dev/udp/$1/$2"' send "$3" "$4"
  wait "${receiver}"
  [[ $(<"${BATS_TEST_TMPDIR}/received") == probe ]]
}

@test "a container's datagrams to VXLAN and gossip arrive without the guard, and with it neither here nor on another node" {
  local port
  for port in 4789 7946; do
    arrives "${container}" "${peer}" "${PEER_ADDRESS}" "${port}"
    arrives "${container}" "${node}" "${NODE_ADDRESS}" "${port}"
  done
  in_node bash "${guard}"
  for port in 4789 7946; do
    run ! arrives "${container}" "${peer}" "${PEER_ADDRESS}" "${port}"
    run ! arrives "${container}" "${node}" "${NODE_ADDRESS}" "${port}"
  done
}

@test "nodes still reach each other, and containers the rest" {
  in_node bash "${guard}"
  arrives "${peer}" "${node}" "${NODE_ADDRESS}" 4789
  arrives "${node}" "${peer}" "${PEER_ADDRESS}" 4789
  arrives "${container}" "${peer}" "${PEER_ADDRESS}" 4790
}

@test "run again it adds nothing" {
  in_node bash "${guard}"
  local rules
  rules=$(in_node iptables -t raw -S)
  in_node bash "${guard}"
  [[ $(in_node iptables -t raw -S) == "${rules}" ]]
  [[ $(grep -c -- '-j DROP' <<<"${rules}") == 5 ]]
}

@test "check names the rule that is missing, and sets none" {
  in_node bash "${guard}"
  in_node bash "${guard}" check
  in_node iptables -t raw -D PREROUTING -i docker_gwbridge -p udp --dport 4789 -j DROP
  run -1 in_node bash "${guard}" check
  [[ ${output} == 'missing in raw/PREROUTING: -i docker_gwbridge -p udp --dport 4789 -j DROP' ]]
}
