#!/usr/bin/env bats
# What a deployment checks before it changes anything, and what it leaves when it fails after that.
load helpers
load stack-helpers

bundle_with() { # FILE, content on stdin
  cat >"${BATS_TEST_TMPDIR}/bundle/$1"
  pack_bundle
}

# Nothing but looks has been at Docker, except for the lease.
refute_change() {
  local change
  for change in 'network create' 'secret create' 'stack deploy' 'node update'; do refute_call "${change}"; done
  assert_output "no service was changed"
}

@test "a reservation larger than any node is refused before anything changes" {
  deployable
  bundle_with needs.json <<<'[{"name":"kafka","global":false,"replicas":1,"nano_cpus":250000000,"memory_bytes":68719476736,"constraints":["node.labels.metals.kafka == true"],"start_first":false}]'
  run_document stack-deploy
  assert_status 1
  assert_output "service kafka: no room for 1 of 1 tasks, each of 65536 MiB of memory and 0.25 CPUs: worker-1 lacks 61440 MiB of memory"
  assert_output "error: the Swarm has no room for this version"
  refute_change
}

@test "a bundle of a version that told no reservations is deployed, and that is said" {
  deployable
  rm "${BATS_TEST_TMPDIR}/bundle/needs.json" && pack_bundle
  run_document stack-deploy
  assert_status 0
  assert_output "the bundle is of a version that tells no reservations"
}

@test "a network that would overlap another is refused before it is made" {
  deployable
  rm "${API}/networks_metals-backend"
  api networks <"${ROOT}/test/documents/states/networks-that-collide.json"
  run_document stack-deploy
  assert_status 1
  assert_output "network metals-backend cannot be made: its subnet 10.10.1.0/24 overlaps shop_default (10.10.0.0/16, of the stack shop), stray (10.10.1.128/25, of no stack)"
  assert_output "next: on a manager: docker network rm stray; docker stack rm shop, then deploy again"
  refute_change
}

secrets_manager_says() { # LINES instead of its answer to describe-secret
  sed -i "s|\*describe-secret\*) .*|*describe-secret*) $1 ;;|" "${BATS_TEST_TMPDIR}/bin/aws"
}

@test "a secret that is gone, is marked for deletion or has no version is refused before anything changes" {
  deployable
  secrets_manager_says "echo '{\"DeletedDate\":\"2026-11-27T10:00:00Z\",\"VersionIdsToStages\":{\"aaaa\":[\"AWSCURRENT\"]}}'"
  run_document stack-deploy
  assert_status 1
  assert_output "error: secret metals/lab/api-key is marked for deletion"
  assert_output "aws secretsmanager restore-secret --secret-id metals/lab/api-key"
  refute_change
  secrets_manager_says "echo '{\"VersionIdsToStages\":{\"aaaa\":[\"AWSPREVIOUS\"]}}'"
  run_document stack-deploy
  assert_status 1
  assert_output "error: secret metals/lab/api-key has no current version"
  refute_change
  secrets_manager_says "echo ResourceNotFoundException >\&2; exit 254"
  run_document stack-deploy
  assert_status 1
  assert_output "secret metals/lab/api-key is not in Secrets Manager, or may not be read"
  refute_change
}

@test "a refusal says whether what is deployed serves" {
  deployable && service 1 ''
  SSM_Images='edge=registry/other:1'
  stub docker <<<'[[ $1 != image ]] || { echo "[]"; exit 1; }'
  run_document stack-deploy
  assert_status 1
  assert_output "the image of edge is not on this node: registry/other:1"
  assert_output "serving, asked on this node: GET http://127.0.0.1:8000/health: 200, GET http://127.0.0.1:8001/health: 200"
}

# A version has converged: what was deployed then, and what is remembered of it. Then one that does not converge, until
# `stack deploy` gets the old files again.
# shellcheck disable=SC2154 # of pack_bundle
converged_then_failing() {
  deployable
  run_document stack-deploy
  assert_status 0
  OLD_BUNDLE="${SSM_BundleSha256}"
  export OLD_RELEASE="${OLD_BUNDLE:0:12}"
  cp "${STDIN}/environment" "${BATS_TEST_TMPDIR}/environment-of-old"
  sed -n 's|^configs/create \(.*"metals-serving".*\)|\1|p' "${STDIN}/posted" | jq '{ID: "s1", Version: {Index: 3}, Spec: .}' | api configs/metals-serving
  echo 'METALS_PRODUCER_REPLICAS=2' >>"${BATS_TEST_TMPDIR}/bundle/settings.env" && pack_bundle
  export SSM_Images='edge=registry/repository:2'
  service 1 rollback_completed
  { task t1 running p@sha256:2 n1 && task t2 failed p@sha256:3 n2 'task: non-zero exit (1)'; } | jq -s . | api tasks
  jq '.[0].UpdateStatus = null' "${API}/services" >"${BATS_TEST_TMPDIR}/mended"
  export MENDED="${BATS_TEST_TMPDIR}/mended"
  stub docker <<'EOF'
case "$*" in
  "image inspect"*) echo '[{"RepoDigests":["registry/repository@sha256:2"]}]' ;;
  "secret inspect"*) ;;
  "service logs"*) echo 'Error: the cause' ;;
  "events"*) echo 'service update metals_producer' ;;
  "stack deploy"*)
    echo "${PWD}" >>"${CALLS}.releases"
    env >"${STDIN}/environment-$(wc -l <"${CALLS}.releases")"
    [[ ${PWD} != *"${OLD_RELEASE}"* ]] || cp "${MENDED}" "${API}/services"
    ;;
esac
EOF
}

@test "after a failure the version that converged before is deployed again, with its images and settings, and a request shows that it serves" {
  converged_then_failing
  run_document stack-deploy
  assert_status 1
  assert_output "service producer: 1 of 1 replicas, update rollback_completed"
  assert_output "error: the stack did not converge: an update failed and was rolled back"
  assert_output "the version before (bundle ${OLD_RELEASE}, with its configs and secrets) was deployed again and has converged"
  assert_output "serving, asked on this node: GET http://127.0.0.1:8000/health: 200"
  [[ $(sed 's|.*/||' "${CALLS}.releases" | paste -sd ' ') == "${SSM_BundleSha256:0:12} ${OLD_RELEASE}" ]]
  diff <(grep -E '^METALS_(IMAGE|SECRET|CONFIG|SETUP)' "${STDIN}/environment-2" | sort) \
    <(grep -E '^METALS_(IMAGE|SECRET|CONFIG|SETUP)' "${BATS_TEST_TMPDIR}/environment-of-old" | sort)
  grep -qx 'METALS_IMAGE_EDGE=registry/repository@sha256:1' "${STDIN}/environment-2"
  # Configs and secrets go only after a version has converged.
  refute_call "secret rm"
}

@test "a release that is not here any more is fetched and verified again" {
  converged_then_failing
  rm -rf "${METALS_STATE_FOLDER}/releases/${OLD_RELEASE}"
  run_document stack-deploy
  assert_status 1
  assert_output "the bundle's SHA-256 is ${SSM_BundleSha256}, expected ${OLD_BUNDLE}; it was not unpacked"
  [[ $(grep -c 's3 cp' "${CALLS}") == 3 ]]
}

@test "evidence of the failure is kept, its place is told, and no more than five stay" {
  converged_then_failing
  local n folder
  for n in 1 2 3 4 5; do mkdir -p "${METALS_STATE_FOLDER}/failures/2026010${n}T000000Z-0123456789ab"; done
  run_document stack-deploy
  folder=$(sed -n 's/^evidence: \(.*\) on manager-1: aws ssm start-session --target i-0123, then sudo ls .*/\1/p' <<<"${output}")
  [[ -d ${folder} && ${folder} == *-${SSM_BundleSha256:0:12} ]]
  [[ $(ls "${folder}") == $'events.txt\nproducer.t2.log\nservices.json\nstate.json\ntasks.json' ]]
  grep -q 'Error: the cause' "${folder}/producer.t2.log"
  jq -e '.[1].Status.Err == "task: non-zero exit (1)"' "${folder}/tasks.json"
  [[ $(stat -c %a "${folder}") == 700 ]]
  [[ $(find "${METALS_STATE_FOLDER}/failures" -mindepth 1 -maxdepth 1 | wc -l) == 5 ]]
  [[ ! -e ${METALS_STATE_FOLDER}/failures/20260101T000000Z-0123456789ab ]]
}

@test "a version before that does not come back is said to be so, and so is an edge that does not answer" {
  converged_then_failing
  export OLD_RELEASE=none METALS_RETURN_SECONDS=0 HEALTH=503
  run bash <(sed 's/tell_serving 60/tell_serving 0/' "$(assemble stack-deploy)")
  assert_status 1
  assert_output "the version before (bundle ${OLD_BUNDLE:0:12}) was deployed again and has not converged: failed"
  assert_output "NOT serving on this node: GET http://127.0.0.1:8000/health: 503"
}

@test "a first version that fails has none to go back to" {
  deployable && service 1 rollback_completed
  task t1 running p@sha256:2 n1 | jq -s . | api tasks
  run_document stack-deploy
  assert_status 1
  assert_output "no version before this one has converged: there is none to go back to"
  [[ $(grep -c 'stack deploy' "${CALLS}") == 1 ]]
}

@test "the version that converged last, failing when it is deployed again, is not deployed a third time" {
  converged_then_failing
  cp "${MENDED}" "${API}/services"
  api 'configs/s1/update?version=3' <<<'{}'
  run_document stack-deploy
  assert_status 0
  sed -n 's|^configs/s1/update?version=3 ||p' "${STDIN}/posted" | jq '{ID: "s1", Version: {Index: 4}, Spec: .}' | api configs/metals-serving
  service 1 rollback_completed
  : >"${CALLS}"
  run_document stack-deploy
  assert_status 1
  assert_output "this is the version that converged last: there is none to go back to"
  [[ $(grep -c 'stack deploy' "${CALLS}") == 1 ]]
}
