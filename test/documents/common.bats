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
  export SSM_Images='' SSM_Serving=no
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

# aws that is denied as often as the first argument says, and then does the second.
denied() { # TIMES [COMMAND]
  stub aws <<EOF
echo . >>"\${CALLS}.tries"
if ((\$(wc -l <"\${CALLS}.tries") <= $1)); then
  printf '\n%s\n' 'An error occurred (AccessDeniedException) when calling the GetParameter operation: not authorized to perform: ssm:GetParameter' >&2
  exit 254
fi
${2:-echo value}
EOF
}

@test "a call that is denied at first is made again, and its output comes once" {
  denied 2
  run_with_libraries 'out=$(granted aws ssm get-parameter 2>"${CALLS}.errors"); echo "[${out}]"; cat "${CALLS}.errors"'
  assert_status 0
  assert_output '[value]'
  assert_output "not authorized to perform: ssm:GetParameter ("
  [[ $(grep -c 'aws ssm get-parameter' "${CALLS}") == 3 ]]
}

@test "a call that stays denied fails after its time, and says which action is missing" {
  denied 1000
  METALS_GRANT_SECONDS=0 run_with_libraries 'granted aws ssm get-parameter | cat; echo not reached'
  assert_status 254
  assert_output "denied for 0 s: An error occurred (AccessDeniedException) when calling the GetParameter operation: not authorized to perform: ssm:GetParameter"
  [[ ${output} != *'not reached'* ]]
}

@test "a call that fails for another reason is not made again; a warning of one that succeeds is passed on" {
  stub aws <<<'echo "An error occurred (ParameterNotFound)" >&2; exit 254'
  run_with_libraries 'granted aws ssm get-parameter'
  assert_status 254
  [[ $(grep -c 'aws ssm get-parameter' "${CALLS}") == 1 ]]
  stub aws <<<'echo "a warning" >&2; echo value'
  run_with_libraries 'granted aws ssm get-parameter'
  assert_status 0
  assert_output "a warning"
}

@test "an object that may not be looked at yet is asked for again" {
  stub aws <<<'echo . >>"${CALLS}.tries"; (($(wc -l <"${CALLS}.tries") > 1)) || { echo "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden" >&2; exit 1; }'
  run_with_libraries 'granted aws s3 cp a b'
  assert_status 0
}

@test "a wait that AWS denies ends before its time, naming what is missing" {
  stub aws <<<'echo "An error occurred (AccessDeniedException): not authorized to perform: ssm:GetParameter"; exit 254'
  METALS_GRANT_SECONDS=0 run_with_libraries 'wait_until 300 "waiting for it" aws'
  assert_status 1
  assert_output "error: waiting for it: denied for 0 s: An error occurred (AccessDeniedException): not authorized to perform: ssm:GetParameter"
}

@test "aws asks instance metadata more than once, and for longer than a second: a busy node answers late" {
  stub aws <<<'((AWS_METADATA_SERVICE_NUM_ATTEMPTS > 1 && AWS_METADATA_SERVICE_TIMEOUT > 1))'
  run_with_libraries 'aws sts get-caller-identity'
  assert_status 0
}
