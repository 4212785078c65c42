#!/usr/bin/env bats
# What the edge refuses by itself, with a real HAProxy and the edge's own configuration.

load edge

setup() {
  prepare_edge
}

teardown() {
  stop_edge
}

post() { # BYTES [CURL OPTION…]
  head -c "$1" /dev/zero | curl -s -i -o "${WORK}/answer" -w '%{http_code}' --max-time 10 -H 'content-type: application/json' \
    -H 'expect:' "${@:2}" --data-binary @- "${URL}/produce"
}

@test "a body beyond the producer's limit is answered 413, as the producer does, and one within it is passed on" {
  start_edge 0
  [[ $(post 262144) == 200 ]]
  grep -q '^replica' "${WORK}/answer"
  [[ $(post 262145) == 413 ]]
  grep -qi '^content-type: application/problem+json' "${WORK}/answer"
  jq -e '.type == "urn:metals:problem:too-large" and .status == 413 and .detail == "the body may have 262144 bytes at most"' \
    <<<"$(tail -n 1 "${WORK}/answer")"
  # Far more than the edge keeps: the answer still arrives.
  [[ $(post 20000000) == 413 ]]
}

@test "a body that does not say how long it is goes to the producer, which measures it" {
  start_edge 0
  [[ $(post 300000 -H 'transfer-encoding: chunked') == 200 ]]
}

@test "under maintenance an event is answered 503 with the message, and all else as ever" {
  export METALS_EDGE_MAINTENANCE='back at 14:00 UTC, see https://example.org/a_b;c @ops - sorry.'
  start_edge 0
  [[ $(post 10) == 503 ]]
  grep -qi '^retry-after: 60' "${WORK}/answer"
  grep -qi '^content-type: application/problem+json' "${WORK}/answer"
  jq -e --arg message "${METALS_EDGE_MAINTENANCE}" '.type == "urn:metals:problem:maintenance" and .status == 503 and .detail == $message' \
    <<<"$(tail -n 1 "${WORK}/answer")"
  # No escape, no query and no case leads around it.
  [[ $(curl -s -o /dev/null -w '%{http_code}' -X POST "${URL}/produce?x=1") == 503 ]]
  [[ $(status /metrics) == 200 ]]
  [[ $(status /health) == 200 ]]
  [[ $(curl -s -o /dev/null -w '%{http_code}' -X POST "${URL}/feed") == 200 ]]
}

@test "without maintenance events are passed on" {
  export METALS_EDGE_MAINTENANCE=''
  start_edge 0
  [[ $(post 10) == 200 ]]
}

@test "an address above its rate gets the rate and not nothing; others are answered 429, health checks never" {
  export METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS=20
  start_edge 0
  local each=0 passed=0 refused=0
  for ((each = 0; each < 40; each++)); do
    case $(status /produce) in
      200) ((passed += 1)) ;;
      429) ((refused += 1)) ;;
    esac
  done
  echo "passed ${passed}, refused ${refused}"
  # HAProxy compares before it counts, and the first of the ten seconds may end meanwhile.
  ((passed >= 20 && passed <= 30 && passed + refused == 40))
  [[ $(status /health) == 200 ]]
  run curl -s -i "${URL}/produce"
  [[ ${output} == *' 429 '*'retry-after: 5'*'application/problem+json'* || ${output} == *' 429 '*'application/problem+json'*'retry-after: 5'* ]]
  jq -e '.type == "urn:metals:problem:too-many-requests" and .status == 429' <<<"$(tail -n 1 <<<"${output}")"
  # The other port has a count of its own.
  [[ $(curl -s -o /dev/null -w '%{http_code}' "${PROCESSOR_URL}/metrics") != 429 ]]
}
