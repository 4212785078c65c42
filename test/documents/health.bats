#!/usr/bin/env bats
# What services say of themselves. test/documents/states/health has what replicas answered in the lab.
load helpers

HEALTH="${BATS_TEST_DIRNAME}/states/health"
STATE='{"services":[{"name":"producer","desired":2},{"name":"processor","desired":1}]}'

# bats waits so many seconds after a test that fails, too.
setup_file() { export BATS_TEST_TIMEOUT=20; }

# The answers of a port, one after the other: a file of a body, or -, and the status.
answers() { # PORT BODY CODE [BODY CODE…]
  local port=$1 number=0
  shift
  while (($# > 0)); do
    {
      [[ $1 == - ]] || cat "$1"
      printf '\n%s' "$2"
    } >"${BATS_TEST_TMPDIR}/${port}.$((number++))"
    shift 2
  done
}

setup_answers() {
  stub curl <<'EOF'
port=${*: -1} && port=${port#http://127.0.0.1:} && port=${port%/health}
asked=$(cat "${STDIN}/${port}" 2>/dev/null || echo 0)
echo $((asked + 1)) >"${STDIN}/${port}"
cat "${BATS_TEST_TMPDIR}/${port}.${asked}"
[[ $(tail -n 1 "${BATS_TEST_TMPDIR}/${port}.${asked}") != 000 ]] || exit 7
EOF
  answers 8000 "${HEALTH}/producer.json" 200 "${HEALTH}/producer.json" 200
  answers 8001 "${HEALTH}/processor.json" 200
}

health() { # JQ
  run_with_libraries "pipeline_health <<<'${STATE}'"
  assert_status 0
  jq -r "$1" <<<"${output}"
}

@test "each replica is asked, and all are well" {
  setup_answers
  [[ $(health 'map("\(.service) \(.status) \(.reasons | length)") | join(", ")') == 'processor healthy 0, producer healthy 0' ]]
  [[ $(grep -c ':8000/health' "${CALLS}") == 2 ]]
}

@test "Kafka's quorum is what the processor last said of it, and nothing of one broker" {
  setup_answers
  [[ $(health 'map(.quorum) | tostring') == '[null,null]' ]]
  jq '.kafka_quorum = {leader: 2, voters: [1, 2, 3]}' "${HEALTH}/processor.json" >"${BATS_TEST_TMPDIR}/several"
  answers 8001 "${BATS_TEST_TMPDIR}/several" 200
  rm -f "${STDIN}"/800?
  [[ $(health '.[0].quorum | tostring') == '{"leader":2,"voters":[1,2,3]}' ]]
}

@test "one replica that is not well is told, with its reasons" {
  setup_answers
  jq '.status = "degraded" | .reasons = ["Kafka: no login"]' "${HEALTH}/producer.json" >"${BATS_TEST_TMPDIR}/degraded"
  answers 8000 "${HEALTH}/producer.json" 200 "${BATS_TEST_TMPDIR}/degraded" 200
  [[ $(health '.[1] | "\(.status): \(.reasons[0])"') == 'degraded: Kafka: no login' ]]
}

@test "without a replica, the edge's own words, and it is asked once more: one that has just begun knows of none" {
  setup_answers
  echo '{"type":"urn:metals:problem:no-replica","status":503,"detail":"this edge knows of no healthy replica of the producer"}' >"${BATS_TEST_TMPDIR}/edge"
  answers 8000 "${BATS_TEST_TMPDIR}/edge" 503 "${BATS_TEST_TMPDIR}/edge" 503
  [[ $(health '.[1] | "\(.status): \(.reasons[0])"') == 'none: this edge knows of no healthy replica of the producer' ]]
  [[ $(grep -c ':8000/health' "${CALLS}") == 2 ]]
}

@test "an edge that has just begun, and knows its replicas a second later, breaks nothing" {
  setup_answers
  echo '{"type":"urn:metals:problem:no-replica","status":503}' >"${BATS_TEST_TMPDIR}/edge"
  answers 8000 "${BATS_TEST_TMPDIR}/edge" 503 "${HEALTH}/producer.json" 200 "${HEALTH}/producer.json" 200
  [[ $(health '.[1] | "\(.status) \(.reasons | length)"') == 'healthy 0' ]]
}

@test "no answer at all names what was asked" {
  setup_answers
  answers 8001 - 000
  [[ $(health '.[0] | "\(.status): \(.reasons[0])"') == 'none: GET http://127.0.0.1:8001/health: 000' ]]
}

# What a replica answers, as another one.
as_instance() { # FILE INSTANCE EVENTS_PER_SECOND LAG
  jq -c --arg instance "$2" --argjson rate "$3" --argjson lag "$4" \
    '.instance = $instance | .processed_per_second = $rate | .lag_records = $lag' "${HEALTH}/$1" >"${BATS_TEST_TMPDIR}/$2"
  echo "${BATS_TEST_TMPDIR}/$2"
}

@test "one that answers twice counts once, and another one is looked for" {
  setup_answers
  local first second
  first=$(as_instance producer.json 0123456789ab 1.5 null)
  second=$(as_instance producer.json ba9876543210 2 null)
  answers 8000 "${first}" 200 "${first}" 200 "${first}" 200 "${second}" 200
  [[ $(health '.[1] | "\(.answered) \(.per_second) \(.lag_records)"') == '2 3.5 null' ]]
}

@test "one that is not found within three times as many answers is told of as missing" {
  setup_answers
  local first
  first=$(as_instance producer.json 0123456789ab 1.5 null)
  answers 8000 "${first}" 200 "${first}" 200 "${first}" 200 "${first}" 200 "${first}" 200 "${first}" 200
  [[ $(health '.[1] | "\(.answered) \(.per_second)"') == '1 1.5' ]]
  [[ $(grep -c ':8000/health' "${CALLS}") == 6 ]]
}

@test "figures of all that are well, and none where one of them is of an older version" {
  setup_answers
  local first
  first=$(as_instance producer.json 0123456789ab 1.5 null)
  answers 8000 "${first}" 200 "${HEALTH}/producer.json" 200
  [[ $(health '.[1] | "\(.answered) \(.per_second)"') == '2 null' ]]
  rm "${STDIN}"/800*
  jq '.status = "stuck" | .instance = "ba9876543210"' "${first}" >"${BATS_TEST_TMPDIR}/stuck"
  answers 8000 "${first}" 200 "${BATS_TEST_TMPDIR}/stuck" 503
  [[ $(health '.[1] | "\(.status) \(.answered) \(.per_second)"') == 'stuck 1 1.5' ]]
}

@test "what the processor does, and how far it is behind" {
  setup_answers
  answers 8001 "$(as_instance processor.json 0123456789ab 0.2 12)" 200
  [[ $(health '.[0] | "\(.answered) \(.per_second) \(.lag_records)"') == '1 0.2 12' ]]
}

@test "an answer that is not JSON breaks nothing" {
  setup_answers
  echo '<html>' >"${BATS_TEST_TMPDIR}/page"
  answers 8001 "${BATS_TEST_TMPDIR}/page" 200
  [[ $(health '.[0].status') == none ]]
}

@test "however much a replica says, little of it is told" {
  setup_answers
  jq '.status = "degraded" | .reasons = [range(50) | "\(.) " + "x" * 1000]' "${HEALTH}/processor.json" >"${BATS_TEST_TMPDIR}/much"
  answers 8001 "${BATS_TEST_TMPDIR}/much" 200
  [[ $(health '.[0].reasons | "\(length) \(map(length) | max)"') == '8 300' ]]
}

@test "what is not deployed is not asked" {
  setup_answers
  STATE='{"services":[]}'
  [[ $(health length) == 0 ]]
  refute_call /health
}
