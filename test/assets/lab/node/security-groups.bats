#!/usr/bin/env bats
# Security groups in network namespaces of their own: "node" is the instance, "peer" is everybody else, on one wire.
# Both are the machine's own kernel and iptables.
bats_require_minimum_version 1.5.0

readonly WIRE=$BATS_TEST_DIRNAME/wire.py NODE_ADDRESS=192.0.2.10 PEER_ADDRESS=192.0.2.20

setup() {
  [[ $EUID -eq 0 ]] || skip 'NOT TESTED: network namespaces need root'
  for tool in ip iptables-restore python3; do
    command -v "$tool" >/dev/null || skip "NOT TESTED: there is no $tool"
  done
  node=sg-node-$$-$BATS_TEST_NUMBER peer=sg-peer-$$-$BATS_TEST_NUMBER
  ip netns add "$node" 2>/dev/null || skip 'NOT TESTED: this machine lets nobody make network namespaces'
  ip netns add "$peer"
  ip -n "$node" link add eth0 type veth peer name eth0 netns "$peer"
  local namespace
  for namespace in "$node" "$peer"; do
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link set eth0 up
  done
  ip -n "$node" address add "$NODE_ADDRESS/24" dev eth0
  ip -n "$peer" address add "$PEER_ADDRESS/24" dev eth0
  in_node iptables -t mangle -S >/dev/null || skip 'NOT TESTED: iptables has no table mangle here'
  export LAB_LIB=$BATS_TEST_DIRNAME/../../../../assets/lab/node/lib
  export LAB_SECURITY_GROUPS=$BATS_TEST_TMPDIR/state/security-groups
  groups=$LAB_LIB/security-groups
}

teardown() {
  local pid
  for pid in ${wires:-}; do kill "$pid"; done
  [[ -z ${node:-} ]] || ip netns delete "$node" 2>/dev/null || true
  [[ -z ${peer:-} ]] || ip netns delete "$peer" 2>/dev/null || true
}

in_node() { ip netns exec "$node" "$@"; }

# Until the test ends; its process is a child that can be killed.
start_wire() { # NAMESPACE COMMAND ARGUMENTS
  nsenter --net="/run/netns/$1" python3 "$WIRE" "${@:2}" 3>&- >/dev/null 2>&1 &
  wires="${wires:-} $!"
}

listen() { # NAMESPACE ADDRESS PORT
  start_wire "$1" listen "$2" "$3"
  for _ in {1..50}; do
    [[ -z $(ip netns exec "$1" ss -Hltn "src $2 and sport = :$3") ]] || return 0
    sleep 0.1
  done
  return 1
}

answers() { # NAMESPACE ADDRESS PORT
  [[ $(nsenter --net="/run/netns/$1" timeout 1 bash -c 'cat <"/dev/tcp/$1/$2"' ask "$2" "$3" 2>/dev/null) == answer ]]
}

# Whether a packet of an IP protocol, sent by the peer, arrives: raw sockets get what the rules let through.
arrives() { # PROTOCOL
  local received=$BATS_TEST_TMPDIR/received receiver
  rm -f "$received"
  nsenter --net="/run/netns/$node" python3 "$WIRE" receive "$1" "$received" 3>&- &
  receiver=$!
  for _ in {1..50}; do
    [[ ! -e $received ]] || break
    sleep 0.1
  done
  nsenter --net="/run/netns/$peer" python3 "$WIRE" send "$NODE_ADDRESS" "$1"
  sleep 0.3
  kill "$receiver"
  grep -q 'a marked packet' "$received"
}

apply() { # RULES of the chains, those of the others drop
  {
    printf '*mangle\n:LAB-SG-IN - [0:0]\n:LAB-SG-OUT - [0:0]\n:LAB-SG-AWS - [0:0]\n'
    printf -- '-A LAB-SG-%s -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN\n' IN OUT AWS
    (($# == 0)) || printf -- '%s\n' "$@"
    printf -- '-A LAB-SG-%s -j DROP\n' IN OUT AWS
    echo COMMIT
  } | in_node "$groups" apply
}

@test "before the first rules come, a node is closed in both directions" {
  listen "$node" 0.0.0.0 2377
  listen "$peer" 0.0.0.0 443
  answers "$peer" "$NODE_ADDRESS" 2377
  in_node "$groups" restore
  run ! answers "$peer" "$NODE_ADDRESS" 2377
  run ! answers "$node" "$PEER_ADDRESS" 443
}

@test "a rule lets in what it names, and the answers go out" {
  apply "-A LAB-SG-IN -s $PEER_ADDRESS/32 -p tcp -m tcp --dport 2377 -j RETURN"
  listen "$node" 0.0.0.0 2377
  listen "$node" 0.0.0.0 2378
  answers "$peer" "$NODE_ADDRESS" 2377
  run ! answers "$peer" "$NODE_ADDRESS" 2378
}

@test "a rule lets out what it names, and the answers come in" {
  apply "-A LAB-SG-OUT -d $PEER_ADDRESS/32 -p tcp -m tcp --dport 443 -j RETURN"
  listen "$peer" 0.0.0.0 443
  listen "$peer" 0.0.0.0 80
  answers "$node" "$PEER_ADDRESS" 443
  run ! answers "$node" "$PEER_ADDRESS" 80
}

@test "ESP is a protocol like others: refused without a rule, let in with one" {
  apply
  run ! arrives 50
  apply "-A LAB-SG-IN -s $PEER_ADDRESS/32 -p 50 -j RETURN"
  arrives 50
}

@test "what a task sends is judged like the node's own packets, before its address is translated" {
  ip netns exec "$node" sysctl -qw net.ipv4.ip_forward=1
  ip netns add "$node-task"
  ip -n "$node" link add gwbridge type veth peer name eth0 netns "$node-task"
  ip -n "$node" address add 198.51.100.1/24 dev gwbridge
  ip -n "$node" link set gwbridge up
  ip -n "$node-task" address add 198.51.100.2/24 dev eth0
  ip -n "$node-task" link set eth0 up
  ip -n "$node-task" route add default via 198.51.100.1
  in_node iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
  listen "$peer" 0.0.0.0 443
  listen "$peer" 0.0.0.0 80
  apply "-A LAB-SG-OUT -p tcp -m tcp --dport 443 -j RETURN"
  allowed=0 refused=0
  answers "$node-task" "$PEER_ADDRESS" 443 || allowed=$?
  answers "$node-task" "$PEER_ADDRESS" 80 || refused=$?
  ip netns delete "$node-task"
  [ "$allowed" -eq 0 ]
  [ "$refused" -ne 0 ]
}

@test "AWS's endpoints, the forwarders on loopback, are judged by a chain of their own; other ports of it are not" {
  listen "$node" 127.0.0.1 4566
  listen "$node" 127.0.0.2 80
  listen "$node" 127.0.0.1 9092
  apply
  run ! answers "$node" 127.0.0.1 4566
  run ! answers "$node" 127.0.0.2 80
  answers "$node" 127.0.0.1 9092
  apply '-A LAB-SG-AWS -j RETURN'
  answers "$node" 127.0.0.1 4566
  answers "$node" 127.0.0.2 80
}

@test "rules that are applied again replace the former ones, and nothing else" {
  in_node iptables -t mangle -A PREROUTING -d 169.254.169.254/32 -j DROP
  apply "-A LAB-SG-IN -p tcp -m tcp --dport 2377 -j RETURN"
  before=$(in_node iptables -t mangle -S)
  apply "-A LAB-SG-IN -p tcp -m tcp --dport 2378 -j RETURN"
  [ "$(in_node iptables -t mangle -S)" = "${before/2377/2378}" ]
  [[ $before == *169.254.169.254* ]]
}

@test "at a reboot the rules come back" {
  apply "-A LAB-SG-IN -p tcp -m tcp --dport 2377 -j RETURN"
  before=$(in_node iptables -t mangle -S)
  in_node iptables -t mangle -F
  in_node iptables -t mangle -X
  in_node "$groups" restore
  [ "$(in_node iptables -t mangle -S)" = "$before" ]
}

@test "rules that iptables refuses change nothing, and are not kept" {
  apply "-A LAB-SG-IN -p tcp -m tcp --dport 2377 -j RETURN"
  before=$(in_node iptables -t mangle -S) kept=$(<"$LAB_SECURITY_GROUPS")
  run --separate-stderr apply '-A LAB-SG-IN -m no-such-match -j RETURN'
  [ "$status" -ne 0 ]
  # shellcheck disable=SC2154 # set by run
  [[ $stderr == *'the security groups cannot be applied: '*no-such-match* ]]
  [ "$(in_node iptables -t mangle -S)" = "$before" ]
  [ "$(<"$LAB_SECURITY_GROUPS")" = "$kept" ]
}
