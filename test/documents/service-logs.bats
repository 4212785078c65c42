#!/usr/bin/env bats
# What tasks have logged, out of lines that Docker printed in the lab.
load helpers
load stack-helpers

STATES="${BATS_TEST_DIRNAME}/states/logs"

setup_logs() {
  setup_api
  stub docker <<EOF
name=\${!#}
[[ "\$1 \$2" == "service logs" ]] || exit 0
# --tail is of each task.
awk -v most="\$7" '{ task[\$2] = task[\$2] \$0 "\n"; count[\$2]++; all[\$2, count[\$2]] = \$0 }
  END { for (name in count) for (i = (count[name] > most ? count[name] - most : 0) + 1; i <= count[name]; i++) print all[name, i] }' \
  "${STATES}/\${name#metals_}" 2>/dev/null
EOF
  jq -n '["edge", "kafka", "mongodb", "processor", "producer"] | map({ID: ., Spec: {Name: "metals_\(.)"}})' | api services
  jq -n '[["ip-10-40-3-11", "manager-1"], ["ip-10-40-4-12", "manager-2"], ["ip-10-40-5-13", "manager-3"],
    ["ip-10-40-4-21", "worker-1"], ["ip-10-40-5-22", "worker-2"]]
    | map({Description: {Hostname: .[0]}, Spec: {Labels: {"metals.slot": .[1]}}})' | api nodes
  export SSM_Stage=lab SSM_Services=all SSM_Since=2026-11-29T02:00:00Z SSM_Lines=500 SSM_Level=all SSM_Grep=none SSM_Node=all
}

# Its header, and its lines in a file.
logs() {
  run_document service-logs
  assert_status 0
  header=${lines[0]}
  base64 -d <<<"${lines[1]:-}" | gzip -d >"${BATS_TEST_TMPDIR}/lines"
}
told() { cat "${BATS_TEST_TMPDIR}/lines"; }

@test "all lines of all services, in the order of time, with the slots of the nodes" {
  setup_logs && logs
  [[ $(told | wc -l) == $(cat "${STATES}"/* | wc -l) ]]
  diff <(told | cut -d ' ' -f 1) <(told | cut -d ' ' -f 1 | LC_ALL=C sort)
  [[ $(jq -r '"\(.stage) \(.lines) \(.left_out) \(.nodes["ip-10-40-4-21"]) \(.remarks | length)"' <<<"${header}") == "lab $(told | wc -l) 0 worker-1 0" ]]
  assert_call 'service logs --timestamps --since 2026-11-29T02:00:00Z --tail 501 metals_kafka'
}

@test "some services" {
  setup_logs && export SSM_Services=producer,kafka && logs
  [[ $(told | sed -E 's/^[^ ]+ metals_([a-z]+).*/\1/' | sort -u | paste -sd ' ') == 'kafka producer' ]]
}

@test "a service that is not there" {
  setup_logs && export SSM_Services=producer,prodcer
  run_document service-logs
  assert_status 1
  assert_output "there is no service prodcer; there are: edge kafka mongodb processor producer"
}

@test "the tasks of one node, past ones too" {
  setup_logs && export SSM_Node=worker-2 && logs
  [[ $(told | sed -E 's/^[^@]+@([^ ]+) .*/\1/' | sort -u) == ip-10-40-5-22 ]]
  told | grep -q ' metals_mongodb'
}

@test "a node that is not there" {
  setup_logs && export SSM_Node=worker-9
  run_document service-logs
  assert_status 1
  assert_output "there is no node worker-9; there are: manager-1 manager-2 manager-3 worker-1 worker-2"
}

@test "warnings as each service marks them, and no other line" {
  setup_logs && export SSM_Level=warn && logs
  told | grep -q '"level":"warn"'
  told | grep -q '\[WARNING\]'
  [[ $(told | grep -cE '"level":"info"| INFO | 202 [0-9]+ - - ') == 0 ]]
}

@test "each mark of a warning and of an error is known" {
  setup_logs
  mark() { echo "2026-11-29T02:57:34.000000000Z metals_$1.1.abc@ip-10-40-4-21    | $2"; }
  STATES="${BATS_TEST_TMPDIR}/marks" && mkdir "${STATES}"
  stub docker <<<"[[ \$1 != service ]] || cat '${STATES}/marks'"
  {
    mark kafka '2026-11-29T02:57:34.000Z ERROR Shutdown broker because all log dirs have failed'
    mark kafka '[2026-11-29 02:57:34,000] FATAL Exiting (kafka.Kafka$)'
    mark producer '{"level":"error","msg":"no broker"}'
    mark mongodb '{"t":{"$date":"x"},"s":"E","c":"STORAGE"}'
    mark edge '[ALERT]    (1) : config: no server'
    mark setup 'error: the topic is not there'
    mark kafka '2026-11-29T02:57:34.000Z WARN slow'
    mark edge '10.40.0.2:1 [29/Nov/2026:02:57:34.244] producer producer/producer-2 0/0/0/4/4 503 318 - - ---- 1/1/0/0/0 0/0 "POST /produce HTTP/1.1"'
    mark kafka '2026-11-29T02:57:34.000Z INFO no ERROR here'
    mark producer '{"level":"info","msg":"] ERROR"}'
  } >"${STATES}/marks"
  export SSM_Services=kafka SSM_Level
  SSM_Level=error
  logs
  [[ $(told | wc -l) == 6 ]]
  SSM_Level=warn
  logs
  [[ $(told | wc -l) == 8 ]]
}

@test "an expression finds text, not the time or the task, and regardless of case" {
  setup_logs && export SSM_Grep
  SSM_Grep=$(printf 'stand-in|DRAINING' | base64) && logs
  [[ $(told | wc -l) == $(cat "${STATES}"/* | grep -ciE '\| .*(stand-in|draining)') ]]
  SSM_Grep=$(printf metals_ | base64) && logs
  [[ $(told | wc -l) == 0 && $(jq .lines <<<"${header}") == 0 ]]
}

@test "where some lines are wanted, more than those are searched" {
  setup_logs && export SSM_Lines=5 SSM_Grep
  SSM_Grep=$(printf draining | base64) && logs
  assert_call '--tail 10001 metals_producer'
  [[ $(told | wc -l) == 2 ]]
}

@test "an expression that is none is refused with grep's words" {
  setup_logs && export SSM_Grep
  SSM_Grep=$(printf '(draining' | base64)
  run_document service-logs
  assert_status 1
  assert_output "the expression cannot be searched for: grep: Unmatched ( or"
}

@test "the newest lines, how many are left out, and that tasks have more" {
  setup_logs && export SSM_Lines=3 && logs
  [[ $(told | wc -l) == 3 ]]
  diff <(told | tail -n 1) <(sort -s -k 1,1 "${STATES}"/* | tail -n 1)
  [[ $(jq -r '"\(.more) \(.left_out > 10)"' <<<"${header}") == "false true" ]]
  STATES="${BATS_TEST_TMPDIR}/one" && mkdir "${STATES}"
  for second in {1..9}; do echo "2026-11-29T02:57:0${second}.000000000Z metals_kafka.1.abc@ip-10-40-4-21    | line ${second}"; done >"${STATES}/kafka"
  setup_logs && export SSM_Lines=3 SSM_Services=kafka && logs
  [[ $(told | sed 's/.* //' | paste -sd ' ') == '7 8 9' ]]
  [[ $(jq -c '[.left_out, .more]' <<<"${header}") == '[1,true]' ]]
}

@test "so many seconds ago, by the clock of the node" {
  setup_logs && export SSM_Since=60 && logs
  since=$(grep -o -- '--since [^ ]*' "${CALLS}" | head -n 1 | cut -d ' ' -f 2)
  asked=$(date -u -d "$(jq -r .asked_at <<<"${header}")" +%s)
  ((asked - $(date -u -d "${since}" +%s) >= 60 && asked - $(date -u -d "${since}" +%s) <= 62))
}

@test "more than Systems Manager keeps: the oldest are left out, long lines shortened, in little time" {
  setup_logs && export SSM_Lines=9000 SSM_Services=kafka
  stub docker <<'EOF'
[[ $1 == service ]] || exit 0
seq -f '2026-11-29T02:57:34.%06.0f000Z metals_kafka.1.abc@ip-10-40-4-21    | ' 1 3000 | paste -d '' - <(head -c 300000 /dev/urandom | base64 -w 130 | head -n 3000)
seq -f "2026-11-29T02:57:35.%06.0f000Z metals_kafka.1.abc@ip-10-40-4-21    | $(printf 'x%.0s' {1..3900})" 1 5000
echo "2026-11-29T02:57:36.000000000Z metals_kafka.1.abc@ip-10-40-4-21    | $(printf 'x%.0s' {1..9000})"
EOF
  SECONDS=0 && logs
  ((SECONDS < 15))
  ((${#output} < 24000 && ${#output} > 1000))
  [[ $(jq '.lines + .left_out' <<<"${header}") == 8001 ]]
  [[ $(told | wc -l) == $(jq .lines <<<"${header}") ]]
  [[ $(told | tail -n 1 | wc -c) -lt 4100 ]]
}

@test "bytes that are no text hide no line" {
  setup_logs
  stub docker <<'EOF'
[[ $1 == service ]] || exit 0
printf '2026-11-29T02:57:34.000000000Z metals_kafka.1.abc@ip-10-40-4-21    | one \377 found\n'
printf '2026-11-29T02:57:35.000000000Z metals_kafka.1.abc@ip-10-40-4-21    | two\n'
EOF
  export SSM_Services=kafka SSM_Grep=none
  logs
  [[ $(told | wc -l) == 2 ]]
  SSM_Grep=$(printf 'FOUND' | base64)
  logs
  [[ $(told | wc -l) == 1 ]]
}

@test "what a run that was killed has left is gone after the next one, and nothing of its own stays" {
  setup_logs
  # This process lives, and nobody has the other number.
  mkdir -p "${METALS_STATE_FOLDER}"/service-logs.{999999999.1,$$.1}
  logs
  [[ $(ls "${METALS_STATE_FOLDER}") == "service-logs.$$.1" ]]
}

@test "what Docker says of nodes that it cannot ask is a remark, and no line" {
  setup_logs
  stub docker <<'EOF'
[[ $1 == service ]] || exit 0
echo 'warning: incomplete log stream. some logs could not be retrieved for the following reasons: node n3 is not available'
[[ $* != *metals_kafka ]] || exit 1
EOF
  logs
  [[ $(jq -r '.remarks | join("; ")' <<<"${header}") == "service kafka: docker service logs ended with 1; warning: incomplete log stream."* ]]
  [[ $(told | wc -l) == 0 ]]
}
