# shellcheck shell=bash
# A real HAProxy with the edge's own configuration, whose ports and replicas are the test's.

prepare_edge() {
  HAPROXY=${METALS_HAPROXY:-haproxy}
  command -v "${HAPROXY}" >/dev/null ||
    skip "HAProxy is not installed, so the edge was NOT tried: apt-get install haproxy"
  ROOT="${BATS_TEST_DIRNAME}/../../.."
  WORK="${BATS_TEST_TMPDIR}"
  BASE=$((20000 + RANDOM % 20000))
  # A replica: each answer takes as long as its path says, in milliseconds.
  node -e 'require("http").createServer((q, r) => setTimeout(() => r.end("replica"), Number(q.url.split("/wait/")[1]) || 0)).listen(Number(process.argv[1]), "127.0.0.1")' "$((BASE + 4))" &
  REPLICA=$!
  sed -E -e "s/(:|127\.0\.0\.1:)8000$/\1${BASE}/; s/(:|127\.0\.0\.1:)8001$/\1$((BASE + 1))/; s/127\.0\.0\.1:8002/127.0.0.1:$((BASE + 2))/; s/127\.0\.0\.1:8003/127.0.0.1:$((BASE + 3))/" \
    -e "s/server-template producer- .*/server producer-1 127.0.0.1:$((BASE + 4))/" -e '/server-template processor-/d; s/ resolvers docker init-addr none resolve-prefer ipv4//' \
    "${ROOT}/assets/stack/config/haproxy.cfg" >"${WORK}/haproxy.cfg"
  export METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS=10000
  export METALS_EDGE_CONFIG="${WORK}/haproxy.cfg" METALS_EDGE_COMMAND_PORT=$((BASE + 3))
  URL="http://127.0.0.1:${BASE}"
  # shellcheck disable=SC2034 # by tests
  PROCESSOR_URL="http://127.0.0.1:$((BASE + 1))"
}

stop_edge() {
  local process
  for process in "${EDGE:-}" "${REPLICA:-}"; do [[ -z ${process} ]] || kill "${process}" 2>/dev/null || true; done
}

start_edge() { # DRAIN_SECONDS
  METALS_EDGE_DRAIN_SECONDS=$1 bash "${ROOT}/services/edge/entrypoint.sh" >"${WORK}/log" 2>&1 3>&- &
  EDGE=$!
  local tries=0
  until [[ $(status /health) == 200 ]]; do
    ((tries++ < 100)) || { cat "${WORK}/log" && return 1; }
    sleep 0.1
  done
}

status() { curl -s -o "${WORK}/body" -w '%{http_code}' --max-time 10 "${URL}$1"; } # PATH
