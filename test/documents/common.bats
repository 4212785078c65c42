#!/usr/bin/env bats
load helpers

@test "a parameter that did not arrive names the agent's version and how to update it" {
  unset SSM_Images
  run_document node-prepare
  assert_status 1
  assert_output "parameter Images did not arrive as SSM_Images"
  assert_output "AWS-UpdateSSMAgent --instance-ids i-0123"
}

@test "a node whose user data has not run is said to be so" {
  rm "${METALS_NODE_FILE}"
  export SSM_Images=''
  run_document node-prepare
  assert_status 1
  assert_output "user data has not run on this node"
}

@test "a wait ends at its deadline, with the reason" {
  run_with_libraries 'not_yet() { echo "2 of 3 nodes" && return 1; }; SECONDS=0; wait_until 0 "waiting for nodes" not_yet'
  assert_status 1
  assert_output "waiting for nodes: not within 0 s: 2 of 3 nodes"
}

@test "a wait says what it waits for once, with the time left" {
  stub sleep <<<'exit 0'
  run_with_libraries 'n=0; look() { read -r n <"$CALLS.n"; echo $((n + 1)) >"$CALLS.n"; ((n >= 3)) || { echo "not yet" && return 1; }; }
    echo 0 >"$CALLS.n"; wait_until 60 "waiting" look'
  assert_status 0
  [[ $(grep -c "waiting: not yet (60 s left)\|waiting: not yet (59 s left)" <<<"${output}") == 1 ]]
}

@test "a command that fails is named with its line" {
  run_with_libraries 'false'
  assert_status 1
  assert_output "false: exit code 1"
}

@test "a second run of a document waits for the first" {
  stub flock <<<'exit 1'
  run_with_libraries 'take_lock stack'
  assert_status 1
  assert_output "another run of stack has held"
}
