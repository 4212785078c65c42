#!/usr/bin/env bats
load helpers

# A Swarm whose probe has ended and printed six steps.
swarm() {
  export SERVICES="${ROOT}/test/documents/states/services-with-secrets.json" SSM_Stage=lab
  stub curl <<'EOS'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"LocalNodeState":"active","ControlAvailable":true}}' ;;
  *"http://docker/services/create"*) cat >"${STDIN}/create" && echo '{"ID":"job1"}' ;;
  *http://docker/services*) cat "${SERVICES}" ;;
  *service*http://docker/tasks*) echo '[{"Status":{"State":"complete"}}]' ;;
  *http://docker/*) echo '[]' ;;
esac
EOS
  stub docker <<'EOS'
case "$*" in
  "service ls"*) grep -q '^docker service rm left-behind' "${CALLS}" || echo left-behind ;;
  "service logs"*) for step in 1 2 3 4 5 6; do echo "{\"step\":${step},\"name\":\"n\",\"ok\":true,\"value\":\"v\",\"duration_ms\":1}"; done ;;
esac
EOS
}

@test "the probe has the passwords of the processor and the API key, on a manager, and no admin's" {
  swarm
  run_document smoke-test
  [[ $(jq -r '[.TaskTemplate.ContainerSpec.Secrets[] | .SecretName, .File.Name] | join(" ")' "${STDIN}/create") == "kafka-password-processor-bbbbbbbb kafka-password-processor mongodb-password-processor-cccccccc mongodb-password-processor api-key-aaaaaaaa api-key" ]]
  jq -e '.TaskTemplate.Placement.Constraints == ["node.role==manager"] and .TaskTemplate.ContainerSpec.Args == ["smoke"]
    and .TaskTemplate.Networks == [{"Target":"net-backend"},{"Target":"net-monitoring"}]' "${STDIN}/create"
}

@test "the probe has the current API key, also while the producer accepts another one" {
  swarm
  jq '(.[] | select(.Spec.Name == "metals_producer") | .Spec.TaskTemplate.ContainerSpec.Secrets)
    |= [{SecretID: "x", SecretName: "api-key-00000000", File: {Name: "api-key-other"}}] + .' "${SERVICES}" >"${BATS_TEST_TMPDIR}/services.json"
  export SERVICES="${BATS_TEST_TMPDIR}/services.json"
  run_document smoke-test
  jq -e '.TaskTemplate.ContainerSpec.Secrets[2].SecretName == "api-key-aaaaaaaa"' "${STDIN}/create"
}

@test "a service that the probe needs and the stack lacks is named" {
  swarm
  jq 'map(select(.Spec.Name != "metals_producer"))' "${SERVICES}" >"${BATS_TEST_TMPDIR}/services.json"
  export SERVICES="${BATS_TEST_TMPDIR}/services.json"
  run_document smoke-test
  assert_status 1
  assert_output "the stack has no service producer"
  refute_call services/create
}

@test "a job that a killed run has left is removed first" {
  swarm
  run_document smoke-test
  grep -nE 'service rm left-behind|services/create' "${CALLS}" | head -n 1 | grep -q 'service rm left-behind'
}

@test "at engines of somebody else the probe logs in as the processor does there" {
  swarm
  sed 's/kafka-password-processor-bbbbbbbb/kafka-login-processor-bbbbbbbb/; s/mongodb-password-processor-cccccccc/mongodb-uri-processor-cccccccc/' \
    "${SERVICES}" >"${BATS_TEST_TMPDIR}/services.json"
  export SERVICES="${BATS_TEST_TMPDIR}/services.json"
  run_document smoke-test
  [[ $(jq -r '[.TaskTemplate.ContainerSpec.Secrets[].File.Name] | join(" ")' "${STDIN}/create") == "kafka-login-processor mongodb-uri-processor api-key" ]]
}
