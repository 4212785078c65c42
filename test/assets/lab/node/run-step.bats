#!/usr/bin/env bats
# How a step of a document runs in a node of the lab, and how all of it ends.
bats_require_minimum_version 1.5.0

setup() {
  lib=$BATS_TEST_DIRNAME/../../../../assets/lab/node/lib
  step=$BATS_TEST_TMPDIR/step
}

@test "the last line on stderr is the mark with the exit code" {
  run --separate-stderr "$lib/run-step" "$step" mark-1 <<<'echo out; echo err >&2; exit 7'
  [ "$status" -eq 7 ]
  [ "$output" = out ]
  # shellcheck disable=SC2154 # set by run
  [ "$stderr" = $'err\n\nmark-1 7' ]
}

@test "the first line decides about the interpreter" {
  run --separate-stderr "$lib/run-step" "$step" mark-1 <<<$'#!/bin/bash\nset -o pipefail\necho "${BASH_VERSION:+bash}"'
  [ "$status" -eq 0 ]
  [ "$output" = bash ]
}

@test "runs in /usr/bin with the agent's PATH, and with AWS_* and SSM_* alone" {
  # shellcheck disable=SC2016 # it is the step that expands it
  HOME=/root LAB_GATEWAY=x AWS_SSM_REGION_NAME=eu-west-1 SSM_Who='a b' \
    run --separate-stderr "$lib/run-step" "$step" mark-1 <<<'pwd; env; echo "${HOME-none}"'
  [ "${lines[0]}" = /usr/bin ]
  [ "${lines[-1]}" = none ]
  [[ $output == *$'\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\n'* ]]
  [[ $output == *$'\nAWS_SSM_REGION_NAME=eu-west-1\n'* ]]
  [[ $output == *$'\nSSM_Who=a b\n'* ]]
  [[ $output != *LAB_* ]]
}

@test "the script is for root's eyes only" {
  "$lib/run-step" "$step" mark-1 <<<'true' 2>/dev/null
  [ "$(stat -c %a "$step/_script.sh")" = 700 ]
  [ "$(stat -c %a "$step")" = 700 ]
}

@test "a step that is killed is 137, whoever has killed it" {
  # shellcheck disable=SC2016 # it is the step that expands it
  run --separate-stderr "$lib/run-step" "$step" mark-1 <<<$'#!/bin/bash\nkill -9 $$'
  [ "$status" -eq 137 ]
  [[ $stderr == *$'\nmark-1 137' ]]
}

@test "a background child that holds the output keeps the step open, one that does not does not" {
  # To a file: a pipe's reader would wait by itself.
  "$lib/run-step" "$step" mark-1 >"$BATS_TEST_TMPDIR/out" 2>/dev/null <<<'(sleep 1; echo late) & echo early'
  [ "$(<"$BATS_TEST_TMPDIR/out")" = $'early\nlate' ]
  "$lib/run-step" "$step" mark-1 >"$BATS_TEST_TMPDIR/out" 2>/dev/null <<<'sleep 60 >/dev/null 2>&1 & echo "$!"'
  kill "$(<"$BATS_TEST_TMPDIR/out")"
}

@test "a working directory is taken, one that does not exist is an error" {
  run --separate-stderr "$lib/run-step" "$step" mark-1 / <<<'pwd'
  [ "$output" = / ]
  run --separate-stderr "$lib/run-step" "$step" mark-1 /no/such/place <<<'pwd'
  [ "$status" -ne 0 ]
  [[ $stderr != *mark-1* ]]
}

# A step in the background, and when it has printed a line.
begin() {
  setsid "$lib/run-step" "$step" mark-1 <&0 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  step_pid=$!
  for _ in {1..100}; do
    [[ ! -s $BATS_TEST_TMPDIR/out ]] || return 0
    sleep 0.1
  done
  return 1
}

@test "stopping a step kills its process group at once: no trap runs, nothing is said" {
  begin <<<$'#!/bin/bash\ntrap "echo trapped" TERM EXIT\n(sleep 987 & sleep 987) & echo begun; sleep 987'
  group=$(<"$step/group")
  [ "$(pgrep -c -g "$group")" -ge 4 ]
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
  run ! pgrep -r R,S,D -g "$group"
  run ! wait "$step_pid"
  [ "$(<"$BATS_TEST_TMPDIR/out")" = begun ]
  [ "$(<"$BATS_TEST_TMPDIR/err")" = $'\nmark-1 137' ]
}

@test "a process that has left the group lives on, but does not keep a stopped step open" {
  begin <<<'setsid sleep 986 & echo begun; sleep 987'
  session=$(<"$step/session")
  daemon=$(pgrep -n -f '^sleep 986$')
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
  run ! pgrep -r R,S,D -s "$session"
  kill "$daemon"
}

@test "stopping what never began, or has ended, is no failure" {
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
  "$lib/run-step" "$step" mark-1 <<<'true' 2>/dev/null
  [ ! -e "$step/group" ]
  [ ! -e "$step/session" ]
  printf '4194304\n' | tee "$step/group" >"$step/session"
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
}
