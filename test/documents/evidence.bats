#!/usr/bin/env bats
# What a manager and a node tell `metals doctor`.
bats_require_minimum_version 1.5.0
load helpers
load stack-helpers

STATES="${BATS_TEST_DIRNAME}/states/swarm"

# A Swarm as recorded in the lab.
setup_swarm() {
  setup_api
  local kind
  for kind in nodes services tasks networks; do api "${kind}" <"${STATES}/${kind}.json"; done
  export SSM_Stage=lab
}

evidence() { # DOCUMENT JQ: a value of its answer
  run --separate-stderr bash "$(assemble "$1")"
  assert_status 0
  [[ $(wc -l <<<"${output}") == 1 ]]
  if [[ $1 == swarm-evidence ]]; then unpacked | jq -r "$2"; else jq -r "$2" <<<"${output}"; fi
}

# What swarm-evidence has packed.
unpacked() { jq -r .packed <<<"${output}" | base64 -d | gzip -d; }

@test "a Swarm that is well has no task that is away" {
  setup_swarm
  [[ $(evidence swarm-evidence '.away | length') == 0 ]]
  [[ $(evidence swarm-evidence '[.nodes[].slot] | sort | join(" ")') == 'manager-1 worker-1 worker-2' ]]
  [[ $(evidence swarm-evidence '.lease') == null ]]
}

@test "a task that waits is told with its reason, beside the one that ended before it" {
  setup_swarm
  local service
  service=$(jq -r '.[] | select(.Spec.Name == "metals_producer") | .ID' "${STATES}/services.json")
  jq --arg service "${service}" '[.[] | select(.ServiceID != $service)] + [
      {ID: "aaaaaaaaaaaaaaa", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-29T10:00:01Z", DesiredState: "running",
        Status: {State: "pending", Timestamp: "2026-11-29T10:00:02.123Z", Err: "no suitable node (insufficient resources on 2 nodes)"}},
      {ID: "bbbbbbbbbbbbbbb", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-29T09:00:00Z", DesiredState: "shutdown",
        Status: {State: "failed", Timestamp: "2026-11-29T10:00:00.5Z", Err: "task: non-zero exit (137)", ContainerStatus: {ExitCode: 137, ContainerID: "0123456789abcdef"}}},
      {ID: "ccccccccccccccc", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-29T08:00:00Z", DesiredState: "shutdown", Status: {State: "failed", Timestamp: "2026-11-29T09:00:00Z"}},
      {ID: "ddddddddddddddd", ServiceID: "removed", DesiredState: "running", Status: {State: "pending"}}]' "${STATES}/tasks.json" | api tasks
  run_document swarm-evidence
  [[ $(unpacked | jq -r '.away[] | "\(.service) \(.state) \(.since) \(.exit_code) \(.container)"') == $'producer failed 2026-11-29T10:00:00 137 0123456789ab\nproducer pending 2026-11-29T10:00:02 null null' ]]
  [[ $(unpacked | jq -r '.services[] | select(.name == "producer") | .failed') == 2 ]]
}

@test "one that failed long before, or is draining, explains nothing" {
  setup_swarm
  local service
  service=$(jq -r '.[] | select(.Spec.Name == "metals_producer") | .ID' "${STATES}/services.json")
  jq -n --arg service "${service}" '[
      {ID: "aaaaaaaaaaaaaaa", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-29T10:00:01Z", DesiredState: "ready", Status: {State: "ready", Timestamp: "2026-11-29T10:00:02Z"}},
      {ID: "bbbbbbbbbbbbbbb", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-28T09:00:00Z", DesiredState: "shutdown", Status: {State: "running", Timestamp: "2026-11-28T09:00:01Z"}},
      {ID: "ccccccccccccccc", ServiceID: $service, Slot: 1, CreatedAt: "2026-11-01T08:00:00Z", DesiredState: "shutdown", Status: {State: "failed", Timestamp: "2026-11-01T09:00:00Z"}},
      {ID: "ddddddddddddddd", ServiceID: $service, Slot: 2, CreatedAt: "2026-11-29T10:00:01Z", DesiredState: "running", Status: {State: "starting", Timestamp: "2026-11-29T10:00:02Z"}},
      {ID: "eeeeeeeeeeeeeee", ServiceID: $service, Slot: 2, CreatedAt: "2026-11-01T08:00:00Z", DesiredState: "shutdown", Status: {State: "failed", Timestamp: "2026-11-01T09:00:00Z"}}]' | api tasks
  [[ $(evidence swarm-evidence '.away | map(.task) | join(" ")') == 'aaaaaaaaaaaa dddddddddddd' ]]
}

@test "many of a kind do not crowd out another one" {
  setup_swarm
  jq -n --slurpfile services "${STATES}/services.json" '[$services[0][] | select(.Spec.Name | IN("metals_producer", "metals_kafka"))] as $two
    | ($two[] | select(.Spec.Name == "metals_producer") | .ID) as $many | ($two[] | select(.Spec.Name == "metals_kafka") | .ID) as $one
    | [range(40) | {ID: "many-\(.)-0123456789", ServiceID: $many, Slot: ., CreatedAt: "2026-11-29T10:00:01Z", DesiredState: "running", Status: {State: "pending", Timestamp: "2026-11-29T10:00:01Z", Err: "no room"}}]
      + [{ID: "one-0123456789", ServiceID: $one, Slot: 1, CreatedAt: "2026-11-29T10:00:01Z", DesiredState: "running", Status: {State: "pending", Timestamp: "2026-11-29T10:00:01Z", Err: "no node"}}]' | api tasks
  [[ $(evidence swarm-evidence '"\(.away_count) \([.away[].service] | group_by(.) | map("\(.[0]) \(length)") | join(", "))"') == '41 kafka 1, producer 3' ]]
}

@test "the addresses of a network are counted, and those that wait for one" {
  setup_swarm
  local service network
  network=$(jq -r '.[] | select(.Name == "metals-frontend") | .Id' "${STATES}/networks.json")
  service=$(jq -r '.[] | select(.Spec.Name == "metals_producer") | .ID' "${STATES}/services.json")
  jq --arg network "${network}" --arg service "${service}" 'map(if .ID == $service then .Spec.TaskTemplate.Networks = [{Target: $network}] | .Endpoint.VirtualIPs = [{NetworkID: $network}] else . end)' \
    "${STATES}/services.json" | api services
  jq -n --arg network "${network}" --arg service "${service}" '[
      {ID: "a", ServiceID: $service, Slot: 1, NodeID: "n1", DesiredState: "running", Status: {State: "running"}, NetworksAttachments: [{Network: {ID: $network}}]},
      {ID: "b", ServiceID: $service, Slot: 2, NodeID: "n1", DesiredState: "shutdown", Status: {State: "shutdown"}, NetworksAttachments: [{Network: {ID: $network}}]},
      {ID: "c", ServiceID: $service, Slot: 2, DesiredState: "running", Status: {State: "new"}}]' | api tasks
  [[ $(evidence swarm-evidence '.networks[] | select(.name == "metals-frontend") | .addresses | "\(.tasks) \(.waiting) \(.services) \(.nodes)"') == '1 1 1 1' ]]
}

@test "of a network that was not allocated the range that was wanted" {
  setup_swarm
  jq 'map(if .Name == "metals-frontend" then .Driver = "" | .IPAM.Config = null else . end)' "${STATES}/networks.json" | api networks
  [[ $(evidence swarm-evidence '.networks[] | select(.name == "metals-frontend") | "\(.allocated) \(.subnet)"') == 'false null' ]]
  mkdir -p "${METALS_STATE_FOLDER}"/releases/{a,b}
  cp "${ROOT}/assets/stack/networks.json" "${METALS_STATE_FOLDER}/releases/a/"
  touch -d yesterday "${METALS_STATE_FOLDER}/releases/a/networks.json"
  jq 'map(.subnet |= sub("^10"; "11"))' "${ROOT}/assets/stack/networks.json" >"${METALS_STATE_FOLDER}/releases/b/networks.json"
  [[ $(evidence swarm-evidence '.networks[] | select(.name == "metals-frontend") | "\(.allocated) \(.subnet)"') == 'false 11.10.0.0/24' ]]
}

@test "what was changed by hand since the last deployment is told, unless one is under way" {
  setup_swarm
  local variables
  variables=$(jq -c '[.[] | select(.Spec.Name | IN("metals_producer", "metals_kafka")) | "METALS_IMAGE_\(.Spec.Name | ltrimstr("metals_") | ascii_upcase)=\(.Spec.TaskTemplate.ContainerSpec.Image)"]
    + ["METALS_IMAGE_TOOLS=t", "METALS_CONFIG_HASH_PRODUCER=12345678", "METALS_IMAGE_EDGE=gone"]' "${STATES}/services.json")
  jq -n --argjson variables "${variables}" '{ID: "s", Spec: {Labels: {"com.metals.serving": ({variables: $variables} | tojson)}}}' | api configs/metals-serving
  jq 'map(select(.Spec.Name != "metals_edge") | .Spec.Labels["com.docker.stack.namespace"] = "metals" | if .Spec.Name == "metals_producer" then .Spec.TaskTemplate.ContainerSpec.Configs = [{ConfigName: "producer-config-12345678"}] else . end)' "${STATES}/services.json" | api services
  [[ $(evidence swarm-evidence '.drift | map("\(.service) \(.what)") | join(", ")') == 'edge service' ]]
  jq 'map(if .Spec.Name == "metals_producer" then .Spec.TaskTemplate.ContainerSpec |= (.Image = "other" | .Configs = [{ConfigName: "producer-config-00000000"}]) else . end)' "${API}/services" >"${BATS_TEST_TMPDIR}/changed"
  api services <"${BATS_TEST_TMPDIR}/changed"
  [[ $(evidence swarm-evidence '.drift | map("\(.service) \(.what)") | join(", ")') == 'producer image, producer config producer-config, edge service' ]]
  jq -n '{ID: "l", Spec: {Labels: {"com.metals.lease.expires": (now + 100 | floor | tostring)}}}' | api configs/metals-deploy-lease
  [[ $(evidence swarm-evidence '.drift | length') == 0 ]]
}

@test "a lease that has ended is told" {
  setup_swarm
  jq -n '{ID: "l", Spec: {Labels: {"com.metals.lease.document": "stack-deploy", "com.metals.lease.slot": "manager-1", "com.metals.lease.command": "c-1",
    "com.metals.lease.since": "2026-11-29T10:00:00Z", "com.metals.lease.expires": (now - 100 | floor | tostring)}}}' | api configs/metals-deploy-lease
  [[ $(evidence swarm-evidence '.lease | "\(.document) \(.slot) \(.command) \(.expires_in_seconds < -98)"') == 'stack-deploy manager-1 c-1 true' ]]
}

# --- of a node ---

setup_node() {
  setup_swarm && member_of swarm-id
  echo '{"Swarm":{"LocalNodeState":"active","Error":""}}' | api info
  printf OK | api _ping
  echo '{"State":{"Pid":4711}}' | api containers/edge1/json
  export PEERS_ANSWER=yes
  stub df <<<"printf '%s\n' 'Mounted on 1B-blocks Used Avail Inodes IUsed' '/ 100 40 60 1000 10' '/var/lib/docker 1000 500 500 2000 20'"
  stub docker <<'EOF'
case "$1 $2" in
  'ps -q') echo edge1 ;;
  'ps -aq') cat "${BATS_TEST_TMPDIR}/ids" 2>/dev/null ;;
  'inspect '*) cat "${BATS_TEST_TMPDIR}/inspected" ;;
  'logs '*) printf '%s\n' 'a line' '{"level":"error","msg":"cannot start","reason":"no such topic"}' ;;
  'exec edge1') printf '%s\n' '10.10.2.4 STREAM' '10.10.2.5 STREAM' '10.10.2.5 DGRAM' ;;
esac
EOF
  stub nsenter <<'EOF'
case "$*" in
  *'ip -4 -o addr'*) echo '2: eth0    inet 10.10.2.4/24 brd x' ;;
  *) case ${PEERS_ANSWER} in
      yes) ;;
      refused) echo 'bash: connect: Connection refused' >&2 && exit 1 ;;
      no) exit 124 ;;
      unreachable) echo 'bash: connect: No route to host' >&2 && exit 1 ;;
      untried) echo 'nsenter: cannot open /proc/1/ns/net: No such file or directory' >&2 && exit 1 ;;
    esac ;;
esac
EOF
  stub chronyc <<<"echo 'A9FEA97B,169.254.169.123,4,1,0.000001234,-0.000000456,0.000001,1.2,0.0,0.01,0.0001,0.0002,16.1,Normal'"
  stub journalctl <<<"echo 'level=error msg=\"Failed allocation for network abc: Pool overlaps with other one on this address space\"'; echo other"
}

@test "a node that is well" {
  setup_node
  run_document node-evidence
  assert_status 0
  [[ $(jq -r '"\(.slot) \(.boot) \(.answers) \(.swarm) \(.swarm_error)"' <<<"${output}") == 'manager-1 active true active null' ]]
  [[ $(jq -c '.disks[1] | [.mount, .size_bytes, .used_bytes, .free_bytes, .inodes, .inodes_used, .grown_bytes]' <<<"${output}") == '["/var/lib/docker",1000,500,500,2000,20,null]' ]]
  [[ $(jq -r '.peers | map("\(.address) \(.error)") | join(",")' <<<"${output}") == '10.10.2.5 null' ]]
  [[ $(jq -r '.clock | "\(.offset_seconds * 1000000 | round) \(.synchronised)"' <<<"${output}") == '1 true' ]]
  [[ $(jq -r '.certificate_ends_in_seconds > 172000' <<<"${output}") == true ]]
  [[ $(jq -r '.daemon_errors | length' <<<"${output}") == 1 ]]
}

@test "a peer that does not answer, and one that refuses, which is an answer" {
  setup_node
  PEERS_ANSWER=no run_document node-evidence
  [[ $(jq -r '.peers[0].error' <<<"${output}") == 'no answer within 2 s' ]]
  PEERS_ANSWER=refused run_document node-evidence
  [[ $(jq -r '.peers[0].error' <<<"${output}") == null ]]
  PEERS_ANSWER=unreachable run_document node-evidence
  [[ $(jq -r '.peers[0].error' <<<"${output}") == 'No route to host' ]]
  PEERS_ANSWER=untried run_document node-evidence
  [[ $(jq -c '.peers' <<<"${output}") == '[]' ]]
}

@test "how much a disk has grown since a look that is old enough" {
  setup_node
  mkdir -p "${METALS_STATE_FOLDER}"
  jq -cn '{at: (now | floor - 36000), mount: "/var/lib/docker", size_bytes: 1000, used_bytes: 300}' >"${METALS_STATE_FOLDER}/disk-samples"
  jq -cn '{at: (now | floor - 9000), mount: "/var/lib/docker", size_bytes: 1000, used_bytes: 499}' >>"${METALS_STATE_FOLDER}/disk-samples"
  run_document node-evidence
  [[ $(jq -r '.disks[1] | "\(.grown_bytes) \(.over_seconds / 10 | floor)"' <<<"${output}") == '200 3600' ]]
  # This look is remembered, and none in the next minutes.
  [[ $(wc -l <"${METALS_STATE_FOLDER}/disk-samples") == 4 ]]
  run_document node-evidence
  [[ $(wc -l <"${METALS_STATE_FOLDER}/disk-samples") == 4 ]]
}

@test "a container that was killed for its memory, with its last words" {
  setup_node
  echo c1 >"${BATS_TEST_TMPDIR}/ids"
  jq -n '[{Id: "c1c1c1c1c1c1c1", Config: {Labels: {"com.docker.swarm.service.name": "metals_processor", "com.docker.swarm.task.id": "t1"}},
    State: {Running: false, ExitCode: 137, OOMKilled: true, FinishedAt: (now - 3600 | todate)}, HostConfig: {Memory: 268435456}},
    {Id: "c2", Config: {Labels: {"com.docker.swarm.service.name": "metals_edge"}}, State: {Running: false, ExitCode: 143, OOMKilled: false, FinishedAt: (now - 60 | todate)}},
    {Id: "c4", Config: {Labels: {"com.docker.swarm.service.name": "metals_mongodb"}}, State: {Running: false, ExitCode: 1, OOMKilled: false, FinishedAt: "2026-11-01T10:00:00Z"}},
    {Id: "c5", Config: {Labels: {"com.docker.swarm.service.name": "of-another"}}, State: {Running: false, ExitCode: 1, OOMKilled: false, FinishedAt: (now - 60 | todate)}},
    {Id: "c3", Config: {Labels: {"com.docker.swarm.service.name": "metals_kafka"}}, HostConfig: {}, State: {Running: true, ExitCode: 0, OOMKilled: false,
      Health: {Status: "unhealthy", FailingStreak: 5, Log: [{ExitCode: 0, Output: "ok"}, {ExitCode: 1, Output: "port 9092 is closed"}]}}}]' >"${BATS_TEST_TMPDIR}/inspected"
  run_document node-evidence
  [[ $(jq -c '.containers | map([.service, .out_of_memory, .memory_limit_bytes, .health_output, .last_lines[0]]) | sort' <<<"${output}") == '[["kafka",false,0,"port 9092 is closed","no such topic (error, cannot start)"],["of-another",false,0,null,null],["processor",true,268435456,null,"no such topic (error, cannot start)"]]' ]]
}

@test "a node whose Docker does not answer says what it still can" {
  setup_node
  stub curl <<<'exit 7'
  stub docker <<<'exit 1'
  stub chronyc <<<'exit 1'
  stub nsenter <<<'exit 1'
  rm -r "${METALS_SWARM_FOLDER}"
  run_document node-evidence
  assert_status 0
  [[ $(jq -c '[.answers, .swarm, .containers, .peers, .clock.synchronised, .certificate_ends_in_seconds, (.disks | length)]' <<<"${output}") == '[false,null,[],null,false,null,2]' ]]
}

# --- what has changed ---

@test "tasks, and what Docker told of nodes and services, in the order of time, without what is too old" {
  setup_swarm
  local producer
  producer=$(jq -r '.[] | select(.Spec.Name == "metals_producer") | .ID' "${STATES}/services.json")
  jq -n --arg service "${producer}" --arg node "$(jq -r '.[] | select(.Spec.Labels["metals.slot"] == "worker-1") | .ID' "${STATES}/nodes.json")" '[
    {ID: "aaaaaaaaaaaaaaa", ServiceID: $service, NodeID: $node, Slot: 2, CreatedAt: (now - 50 | todate | sub("Z$"; ".5Z")), Status: {State: "failed", Timestamp: (now - 20 | todate | sub("Z$"; ".123456789Z")), Err: "task: non-zero exit (3)"}},
    {ID: "bbbbbbbbbbbbbbb", ServiceID: $service, Slot: 1, CreatedAt: (now - 9000 | todate), Status: {State: "running", Timestamp: (now - 8990 | todate)}},
    {ID: "ccccccccccccccc", ServiceID: "removed", CreatedAt: (now - 10 | todate), Status: {State: "new"}}]' | api tasks
  stub curl <<'EOF'
url=${*: -1}
for argument in "$@"; do [[ ${argument} == http://docker/* ]] && url=${argument}; done
path=${url#http://docker/}
case ${path} in
  events*) jq -nc --argjson at "$((($(date +%s) - 30) * 1000000000 + 7000000))" '
    {Type: "node", Action: "update", timeNano: $at, Actor: {ID: "nnnnnnnnnnnnnnn", Attributes: {name: "ip-10-40-4-21", "state.new": "down", "state.old": "ready"}}},
    {Type: "node", Action: "update", timeNano: $at, Actor: {ID: "nnnnnnnnnnnnnnn", Attributes: {name: "ip-10-40-4-21"}}},
    {Type: "service", Action: "update", timeNano: ($at + 1000000), Actor: {ID: "s", Attributes: {name: "metals_producer", "replicas.new": "3", "replicas.old": "2", "updatestate.new": "updating"}}}' ;;
  *) cat "${API}/${path//\//_}" ;;
esac
EOF
  jq 'map(if .Spec.Labels["metals.slot"] == "worker-1" then .Description.Hostname = "ip-10-40-4-21" else . end)' "${STATES}/nodes.json" | api nodes
  export SSM_Since=3600
  run --separate-stderr bash "$(assemble swarm-events)"
  assert_status 0
  [[ ${lines[0]} == '{"stage":"lab","left_out":0}' ]]
  [[ $(base64 -d <<<"${lines[1]}" | gzip -d | jq -r '.[] | "\(.at[20:23]) \(.kind) \(.name) \(.node) \(.state) \(.detail)"') == "\
500 task producer.2 worker-1 made null
007 node worker-1 null update state ready -> down
008 service producer null update replicas 2 -> 3, updatestate none -> updating
123 task producer.2 worker-1 failed task: non-zero exit (3)" ]]
}
