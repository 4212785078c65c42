#!/usr/bin/env bats

CONFIG="${BATS_TEST_DIRNAME}/../../../assets/stack/config/haproxy.cfg"

# METALS_HAPROXY names another binary than the one on PATH.
@test "HAProxy accepts the edge's configuration, without a warning" {
  local haproxy=${METALS_HAPROXY:-haproxy}
  command -v "${haproxy}" >/dev/null ||
    skip "HAProxy is not installed, so its configuration was NOT checked: apt-get install haproxy"
  METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS=10 METALS_EDGE_MAINTENANCE='' run "${haproxy}" -c -f "${CONFIG}"
  echo "${output}"
  [[ ${status} == 0 ]]
  [[ ${output} != *WARNING* ]]
}

# The limits of the frontends, in order, and the global one.
limits() { awk '$1 == "maxconn" { print $2 }' "${CONFIG}"; }

@test "connections that clients hold open leave room for the edge's own health check" {
  local global default health
  { read -r global && read -r default && read -r health; } < <(limits)
  [[ $(limits | wc -l) == 3 ]]
  ((2 * default + health <= global))
}

@test "no source may hold all connections of a frontend" {
  local default limit
  default=$(limits | sed -n 2p)
  [[ $(grep -c 'tcp-request connection reject if { sc0_conn_cur gt ' "${CONFIG}") == 2 ]]
  while read -r limit; do ((2 * limit < default)); done < <(sed -n 's/.*sc0_conn_cur gt \([0-9]*\) }/\1/p' "${CONFIG}")
}

@test "an upgrade to HTTP/2 in clear is refused" {
  grep -qx '  option disable-h2-upgrade' "${CONFIG}"
}
