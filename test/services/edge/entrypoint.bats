#!/usr/bin/env bats
# The edge's entrypoint with a real HAProxy and the edge's own configuration, whose ports and replicas are this test's.

setup() {
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
  export METALS_EDGE_CONFIG="${WORK}/haproxy.cfg" METALS_EDGE_COMMAND_PORT=$((BASE + 3))
  URL="http://127.0.0.1:${BASE}"
}

teardown() {
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

@test "told to stop, it fails its health and answers requests until the load balancer has noticed, then ends" {
  start_edge 3
  kill -USR1 "${EDGE}"
  sleep 1
  [[ $(status /health) == 503 ]]
  [[ $(<"${WORK}/body") == leaving ]]
  # Each answer is the last of its connection, so that the next request goes to another node.
  run curl -s -i -X POST "${URL}/produce"
  [[ ${output} == *' 200 '*replica ]]
  [[ ${output,,} == *'connection: close'* ]]
  wait "${EDGE}" || code=$?
  [[ ${code:-0} == 0 ]]
  [[ $(status /health) == 000 ]]
  grep -q 'leaving: /health fails from now on, and requests are answered for 3 s more' "${WORK}/log"
}

@test "a request that is under way is answered, though the edge stops at once where there is no load balancer" {
  start_edge 0
  status /wait/2000 >"${WORK}/status" &
  asked=$!
  sleep 0.5
  kill -USR1 "${EDGE}"
  wait "${asked}"
  [[ $(<"${WORK}/status") == 200 ]]
  wait "${EDGE}" || code=$?
  [[ ${code:-0} == 0 ]]
}

@test "it ends with HAProxy, and as HAProxy does" {
  echo nonsense >"${WORK}/haproxy.cfg"
  run bash "${ROOT}/services/edge/entrypoint.sh"
  [[ ${status} == 1 ]]
}

@test "a time that is no number is refused" {
  METALS_EDGE_DRAIN_SECONDS=soon run bash "${ROOT}/services/edge/entrypoint.sh"
  [[ ${status} == 1 ]]
  [[ ${output} == *"METALS_EDGE_DRAIN_SECONDS is soon; expected whole seconds"* ]]
}
