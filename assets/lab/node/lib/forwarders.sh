#!/usr/bin/env bash
# Connects the node with the gateway: AWS's endpoint, registry and instance metadata. Each connection leaves from the
# node's own address, by which the gateway knows the instance.

start_forwarders() {
  ip address replace 169.254.169.254/32 dev lo
  keep_from_tasks
  forward 127.0.0.1 4566
  forward 127.0.0.2 80 # the registry's name resolves to it
  forward 169.254.169.254 80
  wait_for_gateway
}

# On AWS a task's request to instance metadata dies of hop limit 1. Here it would arrive, and the gateway would take it
# for the node's own: the same holds for the gateway's address. Only the node itself gets through.
keep_from_tasks() {
  iptables -t mangle -N LAB-NODE-ONLY
  iptables -t mangle -A LAB-NODE-ONLY -i lo -j RETURN
  iptables -t mangle -A LAB-NODE-ONLY -i eth0 -j RETURN
  # What a container answers to a port of the lab, which leads through the gateway.
  iptables -t mangle -A LAB-NODE-ONLY -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
  iptables -t mangle -A LAB-NODE-ONLY -j DROP
  iptables -t mangle -A PREROUTING -d 169.254.169.254 -j LAB-NODE-ONLY
  iptables -t mangle -A PREROUTING -d "${LAB_GATEWAY%:*}" -j LAB-NODE-ONLY
}

forward() {
  local address=$1 port=$2
  while :; do
    socat -b 65536 "TCP-LISTEN:$port,bind=$address,fork,reuseaddr,nodelay" "TCP:$LAB_GATEWAY,nodelay" ||
      log "forwarder $address:$port ended, starting again in 1 s"
    sleep 1
  done &
}

wait_for_gateway() {
  local deadline=$((SECONDS + 30))
  until curl -sS -f -o /dev/null --max-time 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
    http://169.254.169.254/latest/api/token 2>/run/metals-lab/gateway.error; do
    ((SECONDS < deadline)) ||
      fail "the gateway $LAB_GATEWAY does not answer after 30 s: $(tail -n 1 /run/metals-lab/gateway.error)"
    sleep 0.2
  done
}
