#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are of bats
# What there is against what was deployed: a job asks the engines, the rest is Docker's API.
load helpers
load stack-helpers

STATES="${BATS_TEST_DIRNAME}/states"

# A Swarm as it was deployed, with a job that has told two things of the engines.
setup_stack() {
  setup_api
  api nodes <"${STATES}/swarm/nodes.json"
  jq 'map(.Attachable = false)' "${STATES}/swarm/networks.json" | api networks
  jq 'map(.Spec.Labels["com.docker.stack.namespace"] = "metals")' "${STATES}/services-with-secrets.json" | api services
  jq '[.[].Spec.TaskTemplate.ContainerSpec.Secrets // [] | .[].SecretName] | unique | map({Spec: {Name: .}})' "${STATES}/services-with-secrets.json" | api secrets
  api configs <<<'[]'
  mkdir -p "${METALS_STATE_FOLDER}/releases/a"
  jq '[.[] | {name: .Name, subnet: .IPAM.Config[0].Subnet, encrypted: true, internal: (.Internal // false)}]' "${STATES}/swarm/networks.json" >"${METALS_STATE_FOLDER}/releases/a/networks.json"
  jq -n --slurpfile services "${STATES}/services-with-secrets.json" '{Spec: {Labels: {"com.metals.serving": ({variables: [
    $services[0][] | select(.Spec.Name | IN("metals_producer", "metals_processor")) | "METALS_IMAGE_\(.Spec.Name | ltrimstr("metals_") | ascii_upcase)=\(.Spec.TaskTemplate.ContainerSpec.Image)"]} | tojson)}}}' | api configs/metals-serving
  api services/create <<<'{"ID":"job1"}'
  api tasks <<<'[{"Status":{"State":"complete"}}]'
  stub docker <<'EOS'
case "$*" in
  "service logs"*) [[ -n ${SILENT:-} ]] || printf '%s\n' '{"level":"info"}' '{"checks":[{"subject":"topic a","expected":"1","actual":"1","ok":true},{"subject":"rights in Kafka","expected":"x","actual":"missing: x","ok":false}]}' ;;
esac
EOS
  export SSM_Stage=lab
}

validate() {
  run --separate-stderr bash "$(assemble stack-validate)"
  assert_status 0
}
wrong() { jq -r '.checks[] | select(.ok | not) | "\(.subject): \(.actual)"' <<<"${output}"; }

bats_require_minimum_version 1.5.0

@test "as deployed, but for what the engines tell; the job has the administrator's passwords alone, and goes" {
  setup_stack && validate
  [[ $(wrong) == 'rights in Kafka: missing: x' ]]
  [[ $(jq '.checks | length' <<<"${output}") -gt 12 ]]
  jq -e '.TaskTemplate.ContainerSpec.Args == ["validate"] and ([.TaskTemplate.ContainerSpec.Secrets[].File.Name] | sort) == ["kafka-password-admin", "mongodb-password-admin"]' \
    <<<"$(grep '^services/create' "${STDIN}/posted" | cut -d ' ' -f 2-)"
  assert_call 'service ls -q --filter label=com.metals.validate=true'
}

@test "a network, a label, an image, a secret, a service that differ" {
  setup_stack
  jq 'map(if .Name == "metals-frontend" then .IPAM.Config[0].Subnet = "10.77.0.0/24" elif .Name == "metals-backend" then .Driver = "" else . end)' "${API}/networks" >"${BATS_TEST_TMPDIR}/n"
  api networks <"${BATS_TEST_TMPDIR}/n"
  jq 'map(if .Spec.Labels["metals.slot"] == "worker-2" then .Spec.Labels |= del(.["metals.slot"]) else . end)' "${API}/nodes" >"${BATS_TEST_TMPDIR}/n"
  api nodes <"${BATS_TEST_TMPDIR}/n"
  jq 'map(select(.Spec.Name != "metals_processor") | if .Spec.Name == "metals_producer" then .Spec.TaskTemplate.ContainerSpec.Image = "by-hand" else . end)' "${API}/services" >"${BATS_TEST_TMPDIR}/n"
  jq -c '.[] | select(.Spec.Name == "metals_processor")' "${STATES}/services-with-secrets.json" >"${BATS_TEST_TMPDIR}/processor"
  api services <"${BATS_TEST_TMPDIR}/n"
  jq 'map(select(.Spec.Name | startswith("api-key") | not))' "${API}/secrets" >"${BATS_TEST_TMPDIR}/n"
  api secrets <"${BATS_TEST_TMPDIR}/n"
  # Its networks are those of the processor, which is gone: the job takes another one's.
  run --separate-stderr bash "$(assemble stack-validate)"
  assert_status 1
  [[ ${stderr} == *'the stack has no service processor'* ]]
  jq --slurpfile processor "${BATS_TEST_TMPDIR}/processor" '. + $processor | map(if .Spec.Name == "metals_processor" then .Spec.Labels = {} else . end)' "${API}/services" >"${BATS_TEST_TMPDIR}/n"
  api services <"${BATS_TEST_TMPDIR}/n"
  validate
  diff <(wrong | grep -v Kafka | sed -E 's/api-key-[a-z0-9]+/api-key/; s/^node .*: label/node: label/' | sort) - <<'EOF'
network metals-backend: is not allocated
network metals-frontend: subnet: 10.77.0.0/24
node: label metals.slot: is missing
secret api-key: is missing
service processor: is missing
service producer: image: by-hand
EOF
}

@test "a job that tells nothing is a failure that says so" {
  setup_stack
  export SILENT=yes
  run --separate-stderr bash "$(assemble stack-validate)"
  assert_status 1
  [[ ${stderr} == *'error: the job has told nothing'* ]]
}
