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
cat "${STATES}/\${name#metals_}" 2>/dev/null
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
  assert_call 'service logs --timestamps --since 2026-11-29T02:00:00Z --tail 500 metals_kafka'
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
  export SSM_Services=kafka
  SSM_Level=error logs && [[ $(told | wc -l) == 6 ]]
  SSM_Level=warn logs && [[ $(told | wc -l) == 8 ]]
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
  assert_call '--tail 20000 metals_producer'
  [[ $(told | wc -l) == 2 ]]
}

@test "an expression that is none is refused with grep's words" {
  setup_logs && export SSM_Grep
  SSM_Grep=$(printf '(draining' | base64)
  run_document service-logs
  assert_status 1
  assert_output "the expression cannot be searched for: grep: Unmatched ( or"
}

@test "the newest lines, and how many are left out" {
  setup_logs && export SSM_Lines=3 && logs
  diff <(told) <(sort -s -k 1,1 "${STATES}"/* | tail -n 3)
  [[ $(jq .left_out <<<"${header}") == $(($(cat "${STATES}"/* | wc -l) - 3)) ]]
}

@test "more than Systems Manager keeps: the oldest are left out, long lines shortened" {
  setup_logs && export SSM_Lines=9000 SSM_Services=kafka
  stub docker <<'EOF'
[[ $1 == service ]] || exit 0
for ((i = 100000; i < 103000; i++)); do echo "2026-11-29T02:57:34.${i}000Z metals_kafka.1.abc@ip-10-40-4-21    | $(head -c 90 /dev/urandom | base64 -w 0)"; done
echo "2026-11-29T02:57:35.000000000Z metals_kafka.1.abc@ip-10-40-4-21    | $(printf 'x%.0s' {1..9000})"
EOF
  logs
  ((${#output} < 24000 && ${#output} > 10000))
  [[ $(jq '.lines + .left_out' <<<"${header}") == 3001 ]]
  [[ $(told | wc -l) == $(jq .lines <<<"${header}") ]]
  [[ $(told | tail -n 1 | wc -c) -lt 4100 ]]
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
