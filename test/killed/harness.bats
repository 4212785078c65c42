#!/usr/bin/env bats
# The harness itself: scripts that do not survive a SIGKILL at one of their lines, and what it says of them.
load helpers

script() { # lines on stdin
  SCRIPT="${BATS_TEST_TMPDIR}/script.sh"
  cat >"${SCRIPT}"
  export METALS_KILL_EVERY=1 F="${HOST}/etc"
}

assert_complaint() { # TEXT, what `run prove` said
  # shellcheck disable=SC2154 # of bats
  [[ ${status} != 0 && ${output} == *"$1"* ]] || { echo "not said: $1; output: ${output}" && return 1; }
}

@test "a script that begins by removing what an earlier run left is killed at each of its commands, and passes" {
  script <<<'rm -f "$F/lock"; mkdir -p "$F"; touch "$F/lock"; echo done >"$F/new"; mv "$F/new" "$F/result"; rm "$F/lock"'
  prove good
  [[ ${KILL_POINTS} == 6 && ${KILLED} == 6 ]]
}

@test "a run that refuses, because an earlier one was killed, is told with the command that was not reached" {
  script <<<'set -e; mkdir "$F/lock"; rmdir "$F/lock"; true'
  run prove refuses
  assert_complaint 'the run after it ended with 1'
  assert_complaint 'kill point 3, before: rmdir "$F/lock"'
}

@test "a file that only a trap removes is left" {
  script <<<'file=$(mktemp); trap "rm -f $file" EXIT; true'
  run prove leaves
  assert_complaint 'the run after it did not end as an undisturbed one'
  assert_complaint 'Only in'
}

@test "a file that is written under its final name is half-written for a moment" {
  script <<<'[[ -s $F/result ]] || echo one >"$F/result"; cat >"$F/result" <<<whole; true'
  run prove tears
  assert_complaint 'half-written: host/etc/result'
}

@test "a secret on the disk is told, even if it is removed in the end" {
  script <<<'echo "$WORKER_TOKEN" >"$F/token"; true; rm "$F/token"'
  run prove keeps
  assert_complaint 'a secret is on the disk, or was an argument: '
}

@test "state of a daemon that the next run does not finish is told" {
  script <<<'docker network inspect n >/dev/null || { docker network create --label a=b n; docker network create --label a=b m; }; true'
  run prove halts
  assert_complaint 'the run after it did not end as an undisturbed one'
  assert_complaint 'm'
}

@test "a mode that differs is told" {
  script <<<'[[ -e $F/result ]] || { touch "$F/result"; chmod 0600 "$F/result"; }; true'
  run prove loosens
  assert_complaint 'host/etc/result f 644'
}
