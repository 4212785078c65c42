#!/usr/bin/env bats
# What tasks use. test/documents/states/use has what Docker answered in the lab, half a second apart.
bats_require_minimum_version 1.5.0
load helpers
load stack-helpers

USE="${BATS_TEST_DIRNAME}/states/use"

setup_use() {
  setup_api
  export SSM_Stage=lab
  printf 'METALS_SLOT=worker-1\n' >"${METALS_NODE_FILE}"
  api containers/json <"${USE}/containers.json"
  local id
  while read -r id; do
    api "containers/${id}/stats?stream=false&one-shot=true" <"${USE}/before.json"
  done < <(jq -r '.[].Id' "${USE}/containers.json")
  # Docker answers something else later.
  stub sleep <<'EOF'
for file in "${API}"/containers_*_stats*; do cp "${USE}/after.json" "${file}"; done
EOF
  export USE
}

use() { # JQ
  run --separate-stderr bash "$(assemble node-use)"
  assert_status 0
  jq -r "$1" <<<"${output}"
}

@test "each container of the stack, with its memory and its CPU" {
  setup_use
  jq '[.[0]]' "${USE}/containers.json" | api containers/json
  local memory cpu
  memory=$(jq '.memory_stats | .usage - .stats.total_inactive_file' "${USE}/after.json")
  cpu=$(jq -n --slurpfile b "${USE}/before.json" --slurpfile a "${USE}/after.json" '
    ($a[0].cpu_stats.cpu_usage.total_usage - $b[0].cpu_stats.cpu_usage.total_usage)
    / ($a[0].cpu_stats.system_cpu_usage - $b[0].cpu_stats.system_cpu_usage) * 2 * 1000 | round / 10')
  [[ $(use '"\(.slot) \(.tasks | length) \(.tasks[0].memory_bytes) \(.tasks[0].cpu_percent)"') == "worker-1 1 ${memory} ${cpu}" ]]
  [[ $(use '.tasks[0].container') == "$(jq -r '.[0].Id[:12]' "${USE}/containers.json")" ]]
  [[ $(use '.tasks[0].service') == "$(jq -r '.[0].Labels["com.docker.swarm.service.name"] | ltrimstr("metals_")' "${USE}/containers.json")" ]]
}

@test "in cgroup version 2, what can be dropped at once has another name" {
  setup_use
  local file
  for file in before after; do
    jq '.memory_stats.stats |= {inactive_file: 4096}' "${USE}/${file}.json" >"${BATS_TEST_TMPDIR}/${file}.json"
  done
  USE=${BATS_TEST_TMPDIR}
  [[ $(use '.tasks[0].memory_bytes') == "$(jq '.memory_stats.usage - 4096' "${BATS_TEST_DIRNAME}/states/use/after.json")" ]]
}

@test "one that goes meanwhile is left out, and hides no other" {
  setup_use
  local id
  id=$(jq -r '.[0].Id' "${USE}/containers.json")
  rm "${API}/containers_${id}_stats?stream=false&one-shot=true"
  [[ $(use '.tasks | length') == "$(($(jq length "${USE}/containers.json") - 1))" ]]
}

@test "a node without a container of the stack" {
  setup_use
  api containers/json <<<'[]'
  [[ $(use '.tasks | length') == 0 ]]
}

@test "a Docker that does not answer" {
  setup_use
  stub curl <<<'echo "curl: (7) Failed to connect"; exit 7'
  run_document node-use
  assert_status 1
  [[ ${output} == *"error: Docker does not answer: curl: (7) Failed to connect"* ]]
}
