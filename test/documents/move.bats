#!/usr/bin/env bats
# The functions of assets/documents/lib/move.sh: what is moved from which engine, in which order, and what ends it.
load helpers

KAFKA=b-1.example.com:9096

# A service as Docker tells it.
deployed() { # NAME KAFKA|- MONGODB|- [CREATED AT]
  jq -cn --arg name "metals_$1" --arg kafka "$2" --arg mongodb "$3" --arg at "${4:-1}" '{
    CreatedAt: $at, Spec: {Name: $name, Labels: ({"com.metals.kafka": $kafka, "com.metals.mongodb": $mongodb} | map_values(select(. != "-"))),
    Mode: {Replicated: {Replicas: 1}}, TaskTemplate: {Networks: [{Target: "n1"}], ContainerSpec: {
      Configs: [{File: {Name: "/etc/metals/tools.yml"}, ConfigName: "tools-\($at)"}],
      Secrets: [{SecretName: "kafka-\(if $kafka | IN("own", "-") then "password" else "login" end)-processor-aa", File: {Name: "x"}},
        {SecretName: "mongodb-\(if $mongodb | IN("own", "-") then "password" else "uri" end)-admin-aa", File: {Name: "x"}}]}}}}'
}

# The Swarm; DRAINED and COPIED are what the jobs tell, a line for each run.
setup_swarm() { # services, a line each, on stdin
  export API="${BATS_TEST_TMPDIR}/api" RELEASE="${BATS_TEST_TMPDIR}"
  mkdir -p "${API}"
  jq -cs . >"${API}/services"
  echo '[]' | tee "${API}/configs" "${API}/tasks" "${API}/nodes" "${API}/networks" >/dev/null
  echo '[{"Status":{"State":"complete"}}]' >"${API}/tasks"
  echo '{"drained":true,"records":0}' >"${API}/told-drained"
  echo '{"done":true,"looked":5,"copied":2,"begun":"2026-11-28T12:00:00.123Z"}' >"${API}/told-copy"
}

# In place of what other libraries do, a line in the order of events.
move() { # [LINES before]
  run_with_libraries "SSM_Stage=lab SSM_KafkaMode=kraft METALS_KAFKA_CLUSTER_ID='' METALS_SETUP_HASH=new METALS_PROCESSOR_REPLICAS=2 RUN_SECONDS=3000
: \"\${METALS_KAFKA:=${KAFKA}}\" \"\${METALS_MONGODB:=own}\"
docker_query() { case \$1 in */configs) cat '${API}/configs' ;; */services) cat '${API}/services' ;; */tasks) cat '${API}/tasks' ;; esac; }
docker() { echo \"docker \$*\" >&2; }
deploy_files() { echo \"deploy \$*\"; }
render_setup() { :; }
await_service() { echo \"await \$1\"; }
renew_lease() { :; }
remove_jobs() { :; }
cluster_set_up() { echo 'NEW'; }
say() { echo \"\$*\"; }
create_job() { JOB=\$(jq -r '.TaskTemplate.ContainerSpec.Args[0]' <<<\"\$1\"); echo \"job \$(jq -c '.TaskTemplate.ContainerSpec | [.Args[1], (.Secrets | map(.File.Name)), (.Configs | map(.File.Name))]' <<<\"\$1\")\"; }
await_job() { :; }
timeout() { [[ \$* != *'service logs'* ]] || { head -n 1 '${API}/told-'\"\${JOB}\"; sed -i '2,\$!d' '${API}/told-'\"\${JOB}\"; }; }
${1:-}
move_engines"
}

@test "a first deployment moves nothing" {
  setup_swarm </dev/null
  move
  assert_status 0
  [[ ${output} != *deploy* ]]
}

@test "the same engines again move nothing, nor does one more address" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own)
  METALS_KAFKA=own METALS_MONGODB=own move
  assert_status 0
  [[ ${output} != *deploy* ]]
}

@test "what was deployed before there was a choice is the own one" {
  setup_swarm < <(deployed producer - - && deployed processor - - && deployed setup-old - -)
  METALS_KAFKA=own METALS_MONGODB=own move
  [[ ${output} != *deploy* ]]
  move
  assert_output 'from Kafka: own'
}

@test "to another Kafka: its topics, then the producers; the processors wait until the old one is read" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own)
  move
  assert_status 0
  [[ $(grep -E '^(deploy|await|job|docker)' <<<"${output}" | cut -d ' ' -f 1-3) == 'deploy declarations.yml setup.rendered.yml
await setup-new
docker config create
deploy only-producer.yml
await producer
job ["NEW",["kafka-password-processor"],["/etc/metals/tools.yml"]]' ]]
}

@test "what is not read in time ends it, and the next deployment goes on" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own)
  for _ in 1 2 3 4; do echo '{"drained":false,"records":7}'; done >"${API}/told-drained"
  move
  assert_status 1
  assert_output 'events on Kafka (own) are not all stored: 7 records are not read'
  assert_output 'next: they go on being stored: deploy again'
  [[ $(grep -c '^job' <<<"${output}") == 3 ]]
}

@test "after an interruption producers are where they should be, and the rest follows" {
  setup_swarm < <(deployed producer "${KAFKA}" own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new "${KAFKA}" own 2)
  move
  assert_status 0
  assert_output 'job ["NEW",["kafka-password-processor"]'
}

@test "back from a move that was interrupted: a Kafka that nobody reads must be empty" {
  setup_swarm < <(deployed producer "${KAFKA}" own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new "${KAFKA}" own 2)
  echo '{"drained":false,"records":3}' >"${API}/told-drained"
  METALS_KAFKA=own move
  assert_status 1
  assert_output "deploy only-producer.yml"
  assert_output 'job ["NEW",["kafka-login-processor"]'
  assert_output "events on Kafka (${KAFKA}) are not all stored: 3 records are not read"
  assert_output "next: deploy with kafkaBootstrap=${KAFKA} first, and then back"
  [[ $(grep -c '^job' <<<"${output}") == 1 ]]
}

@test "where the Swarm rolled back, what it remembers of the move counts" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-new own own 1 && deployed setup-away "${KAFKA}" external 2)
  echo '{"done":true,"looked":1,"copied":0,"begun":"2026-11-28T12:05:00Z"}' >>"${API}/told-copy"
  echo "[{\"Spec\":{\"Name\":\"metals-move-1\",\"Labels\":{\"com.metals.kafka\":\"${KAFKA}\",\"com.metals.mongodb\":\"external\"}}}]" >"${API}/configs"
  METALS_KAFKA=own METALS_MONGODB=own move
  assert_status 0
  assert_output "from Kafka: ${KAFKA}, MongoDB: external, to Kafka: own, MongoDB: own"
  assert_output 'deploy only-kafka.yml only-mongodb.yml'
}

@test "to another MongoDB: prices are copied, and once more while no processor writes" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new own external 2)
  {
    echo '{"done":false,"after":"e5","looked":5,"copied":5,"begun":"2026-11-28T12:00:00.123Z"}'
    echo '{"done":true,"looked":2,"copied":2,"begun":"2026-11-28T12:04:00Z"}'
    echo '{"done":true,"looked":1,"copied":1,"begun":"2026-11-28T12:05:00Z"}'
  } >"${API}/told-copy"
  METALS_KAFKA=own METALS_MONGODB=external move
  assert_status 0
  [[ $(grep -E '^(job|docker service)' <<<"${output}") == 'job ["{}",["mongodb-uri-admin","from-mongodb-password-admin"],["/etc/metals/from.yml","/etc/metals/tools.yml"]]
job ["{\"after\":\"e5\"}",["mongodb-uri-admin","from-mongodb-password-admin"],["/etc/metals/from.yml","/etc/metals/tools.yml"]]
docker service scale --detach metals_processor=0
job ["{\"since\":\"2026-11-28T11:45:00Z\"}",["mongodb-uri-admin","from-mongodb-password-admin"],["/etc/metals/from.yml","/etc/metals/tools.yml"]]' ]]
  refute_output 'only-producer.yml'
}

@test "to another Kafka and another MongoDB: what takes long comes first, so that storing rests for a moment" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new "${KAFKA}" external 2)
  echo '{"done":true,"looked":1,"copied":1,"begun":"2026-11-28T12:05:00Z"}' >>"${API}/told-copy"
  METALS_MONGODB=external move
  assert_status 0
  [[ $(grep -E '^(deploy|job|docker service)' <<<"${output}" | cut -d , -f 1) == 'deploy declarations.yml setup.rendered.yml
job ["{}"
deploy only-producer.yml
job ["NEW"
docker service scale --detach metals_processor=0
job ["{\"since\":\"2026-11-28T11:45:00Z\"}"' ]]
}

@test "an error while copying ends it, with the processors where they were" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new own external 2)
  echo '{"error":"the source refuses the login of admin"}' >"${API}/told-copy"
  METALS_KAFKA=own METALS_MONGODB=external move
  assert_status 1
  assert_output 'prices of the MongoDB before (own) are not all copied: the source refuses the login of admin'
  refute_output 'metals_processor=0'
}

@test "a processor that still stores, though it is to end, and on a node that nobody hears, keeps the rest from being copied" {
  setup_swarm < <(deployed producer own own && deployed processor own own && deployed setup-old own own 1 && deployed setup-new own external 2)
  echo '[{"DesiredState":"remove","NodeID":"n3","Status":{"State":"running"}},{"DesiredState":"remove","Status":{"State":"complete"}}]' >"${API}/tasks"
  METALS_KAFKA=own METALS_MONGODB=external move 'wait_until() { "${@:3}" || fail "$2"; }'
  assert_status 1
  assert_output '1 processors have not ended'
  refute_output since
}

@test "after a failure processors that were ended begin again, and nothing goes back by itself" {
  setup_swarm < <(deployed processor own own | jq -c '.Spec.Mode.Replicated.Replicas = 0')
  move 'tell_move; exit'
  assert_output 'docker service scale --detach metals_processor=2'
  assert_output 'deploy with the settings of before, which moves all back'
}

@test "an engine whose setup job is gone cannot be left unseen" {
  setup_swarm < <(deployed producer own own && deployed processor own own)
  move
  assert_status 1
  assert_output 'what own still holds cannot be known: its setup job is gone'
}
