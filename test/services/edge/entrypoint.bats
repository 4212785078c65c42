#!/usr/bin/env bats
# The edge's entrypoint with a real HAProxy and the edge's own configuration, whose ports and replicas are this test's.

load edge

setup() {
  prepare_edge
}

teardown() {
  stop_edge
}

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

@test "so is a message that would be no text of JSON" {
  local message
  for message in 'a "quote"' 'back\slash' $'two\nlines' '${HOME}'; do
    METALS_EDGE_MAINTENANCE=${message} run bash "${ROOT}/services/edge/entrypoint.sh"
    [[ ${status} == 1 ]]
    [[ ${output} == *"METALS_EDGE_MAINTENANCE has characters that are none of a message"* ]]
  done
}

@test "so is a limit of requests that is none" {
  METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS='' run bash "${ROOT}/services/edge/entrypoint.sh"
  [[ ${status} == 1 ]]
  [[ ${output} == *"METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS is ''; expected a whole number from 1"* ]]
}
