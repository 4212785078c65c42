#!/usr/bin/env bats
# One deployment at a time: the lease, its holder, and how to take it over.
load helpers
load stack-helpers

COMMAND=11111111-2222-3333-4444-555555555555

# Somebody has it; asking for another one is refused.
lease_of() { # NODE SECONDS-LEFT [DOCUMENT]
  rm -f "${API}/configs_create"
  jq -n --arg node "$1" --arg command "${COMMAND}" --arg document "${3:-stack-deploy}" --argjson left "$2" '{
    ID: "lease-1", Version: {Index: 7}, Spec: {Name: "metals-deploy-lease", Data: "bGVhc2U=", Labels: {
      "com.metals.lease.document": $document, "com.metals.lease.node": $node, "com.metals.lease.slot": "manager-2",
      "com.metals.lease.instance": "i-0456", "com.metals.lease.command": $command,
      "com.metals.lease.since": "2026-11-27T10:00:00Z", "com.metals.lease.expires": (now | floor + $left | tostring)}}}' |
    api configs/metals-deploy-lease
  export METALS_LEASE_WAIT_SECONDS=0
}

# As Docker, which refuses a change of a version that is not the latest.
can_be_changed() { api 'configs/lease-1/update?version=7' <<<'{}'; }

assert_held() {
  assert_status 1
  assert_output "another deployment is under way: stack-deploy on manager-2 (i-0456), command ${COMMAND}, since 2026-11-27T10:00:00Z; unless it is renewed, its lease ends in 2"
}

@test "a deployment that another manager has begun is not disturbed, and the holder, the time left and the way to take over are told" {
  deployable && lease_of n9 250 && can_be_changed
  run_document stack-deploy
  assert_held
  assert_output "aws ssm cancel-command --command-id ${COMMAND}, then, as root on a manager, docker config rm metals-deploy-lease, and try again"
  refute_call "s3 cp"
  refute_call "config rm"
  refute_call "/update?"
}

@test "a lease that has expired is taken over" {
  deployable && lease_of n9 -1 && can_be_changed
  run_document stack-deploy
  assert_output "taking over the lease of stack-deploy on manager-2 (i-0456), command ${COMMAND}, since 2026-11-27T10:00:00Z"
  assert_call "stack deploy"
  grep -q 'configs/lease-1/update?version=7 .*"com.metals.lease.instance":"i-0123"' "${STDIN}/posted"
}

@test "what a killed run of this node has left is taken over at once" {
  deployable && lease_of n1 250 && can_be_changed
  run_document stack-deploy
  assert_output "taking over the lease of stack-deploy on manager-2"
  assert_call "stack deploy"
}

@test "of two that take the same lease over one wins" {
  deployable && lease_of n9 -1
  run_document stack-deploy
  assert_status 1
  assert_output "no lease for this run within 0 s: somebody else has changed it"
  refute_call "stack deploy"
}

@test "a run of this node that still lives is named as well" {
  deployable && lease_of n1 250
  stub flock <<<'exit 1'
  run_document stack-deploy
  assert_held
}

@test "the lease is given back at the end, also of a deployment that failed, and never another's" {
  deployable
  api configs/metals-deploy-lease <<<'{"ID":"c1","Version":{"Index":1},"Spec":{"Labels":{"com.metals.lease.command":"unknown"}}}'
  run_document stack-deploy
  assert_status 0
  assert_call "docker config rm c1"
  : >"${CALLS}"
  SSM_BundleSha256=0000 run_document stack-deploy
  assert_status 1
  assert_call "docker config rm c1"
  : >"${CALLS}"
  api configs/metals-deploy-lease <<<'{"ID":"c1","Version":{"Index":1},"Spec":{"Labels":{"com.metals.lease.command":"another"}}}'
  run_document stack-deploy
  assert_status 0
  refute_call "config rm"
}

# Of a run that has had a lease for so long.
renew() { # SECONDS
  run_with_libraries "LEASE_ID=lease-1 LEASE_RENEWED=-$1; renew_lease; echo \"renewed at \${LEASE_RENEWED}\""
}

our_own() {
  lease_of n1 100
  jq '.Spec.Labels["com.metals.lease.command"] = "unknown"' "${API}/configs_metals-deploy-lease" >"${API}/new"
  mv "${API}/new" "${API}/configs_metals-deploy-lease"
}

@test "a lease is renewed while a deployment goes on" {
  setup_api && our_own && can_be_changed
  renew 60
  assert_status 0
  [[ ${output} =~ ^renewed\ at\ [0-9]$ ]]
  (($(sed -n 's/.*"com.metals.lease.expires":"\([0-9]*\)".*/\1/p' "${STDIN}/posted") > $(date +%s) + 200))
  : >"${STDIN}/posted"
  renew 10
  [[ ! -s ${STDIN}/posted ]]
}

@test "whoever has lost the lease changes nothing more, and says who has it" {
  setup_api && lease_of n9 100 && can_be_changed
  renew 60
  assert_status 1
  assert_output "the lease of this run was taken over: stack-deploy on manager-2 (i-0456), command ${COMMAND}"
  refute_call "/update?"
  echo '{"message":"config metals-deploy-lease not found"}' >"${BATS_TEST_TMPDIR}/answer"
  stub curl <<<"cat '${BATS_TEST_TMPDIR}/answer'; exit 22"
  renew 60
  assert_status 1
  assert_output "the lease of this run was removed; nothing more is changed here"
}

@test "a Swarm that elects a leader costs no deployment its lease, unless it takes longer than that" {
  setup_api && our_own
  stub curl <<<'echo "{\"message\":\"rpc error: code = Unknown desc = The swarm does not have a leader\"}"; exit 22'
  renew 60
  assert_status 0
  assert_output "renewed at -60"
  renew 300
  assert_status 1
  assert_output "could not be renewed for 300 s: {\"message\":\"rpc error: code = Unknown desc = The swarm does not have a leader\"}"
}

@test "the stack is removed on several managers at a time, but not during a deployment" {
  setup_api && export SSM_RemoveData=none
  api networks <<<'[]'
  lease_of n9 250 stack-remove
  run_document stack-remove
  assert_status 0
  assert_output "the stack is removed"
  : >"${CALLS}"
  lease_of n9 250
  run_document stack-remove
  assert_held
  refute_call "stack rm"
}
