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

@test "HOME is not set, and the script is for root's eyes only" {
  # shellcheck disable=SC2016 # it is the step that expands it
  run --separate-stderr "$lib/run-step" "$step" mark-1 <<<'echo "${HOME-none}"'
  [ "$output" = none ]
  [ "$(stat -c %a "$step/_script.sh")" = 700 ]
  [ "$(stat -c %a "$step")" = 700 ]
}

@test "a working directory is taken, one that does not exist is an error" {
  run --separate-stderr "$lib/run-step" "$step" mark-1 / <<<'pwd'
  [ "$output" = / ]
  run --separate-stderr "$lib/run-step" "$step" mark-1 /no/such/place <<<'pwd'
  [ "$status" -ne 0 ]
  [[ $stderr != *mark-1* ]]
}

@test "stopping a step ends its whole process tree, and no daemon that left it" {
  setsid "$lib/run-step" "$step" mark-1 <<<'(sleep 987 & sleep 987) & setsid sleep 986 & sleep 987' >/dev/null 2>&1 3>&- &
  for _ in {1..50}; do
    [[ ! -s $step/session ]] || [[ $(pgrep -c -s "$(<"$step/session")") -lt 4 ]] || break
    sleep 0.1
  done
  session=$(<"$step/session")
  daemon=$(pgrep -n -f '^sleep 986$')
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
  run pgrep -s "$session"
  [ "$status" -eq 1 ]
  kill "$daemon"
}

@test "stopping what never began, or has ended, is no failure" {
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
  "$lib/run-step" "$step" mark-1 <<<'true' 2>/dev/null
  # The session of the test itself must not be the one that is ended.
  printf '4194304\n' >"$step/session"
  run "$lib/stop-step" "$step"
  [ "$status" -eq 0 ]
}
