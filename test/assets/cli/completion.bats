#!/usr/bin/env bats
# The completion script, with a small table in place of the real one.

setup() {
  table=$'status:--json --stage\nlab:up down\nlab up:--port --stage\n:status lab deploy --stage'
  script=$(<"$BATS_TEST_DIRNAME/../../../assets/cli/completion.sh")
  eval "${script/METALS_COMPLETION_TABLE/$table}"
}

# complete WORD… : the last word is the one being typed
complete_line() {
  COMP_WORDS=(metals "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _metals metals "${*: -1}"
}

@test "verbs at the top" {
  complete_line ''
  [ "${COMPREPLY[*]}" = 'status lab deploy --stage' ]
}

@test "only what begins like the word" {
  complete_line st
  [ "${COMPREPLY[*]}" = status ]
}

@test "verbs of a verb" {
  complete_line lab d
  [ "${COMPREPLY[*]}" = down ]
}

@test "flags of a nested verb, past a flag with a value that looks like a verb" {
  complete_line --stage lab lab up --p
  [ "${COMPREPLY[*]}" = --port ]
}

@test "nothing for the value of a flag" {
  complete_line status --stage ''
  [ "${#COMPREPLY[@]}" -eq 0 ]
}

@test "nothing after an unknown verb" {
  complete_line nonsense ''
  [ "${#COMPREPLY[@]}" -eq 0 ]
}

@test "the value of a flag of one verb is no verb" {
  table=$'dlq list:--limit --since'
  script=$(<"$BATS_TEST_DIRNAME/../../../assets/cli/completion.sh")
  eval "${script/METALS_COMPLETION_TABLE/$table}"
  complete_line dlq list --limit 5 --s
  [ "${COMPREPLY[*]}" = --since ]
  complete_line dlq list --limit ''
  [ "${#COMPREPLY[@]}" -eq 0 ]
}
