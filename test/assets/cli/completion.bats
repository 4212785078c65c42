#!/usr/bin/env bats
# The completion scripts, with a small table in place of the real one.

setup() {
  table=$'status:--json --stage\nlab:up down\nlab up:--port --stage\nlab up --port:\n:status lab dlq deploy --stage\n --stage:\n'
  table+=$' --region:eu-west-1 eu-west-3\ndlq:list\ndlq list:--limit --since --reason\ndlq list --limit:\n'
  table+=$'dlq list --reason:not-json write-refused\ndeploy:--context\ndeploy --context:workers= egress=endpoints\ndeploy -c:workers='
  assets=$BATS_TEST_DIRNAME/../../../assets/cli
  script=$(<"$assets/completion.sh")
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
  [ "${COMPREPLY[*]}" = 'status lab dlq deploy --stage' ]
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

@test "flags after an argument" {
  complete_line dlq list 17 --s
  [ "${COMPREPLY[*]}" = --since ]
  complete_line dlq nonsense ''
  [ "${#COMPREPLY[@]}" -eq 0 ]
}

@test "a setting with its value, which bash takes for three words" {
  complete_line deploy --context workers = 3 --c
  [ "${COMPREPLY[*]}" = --context ]
  complete_line deploy --context egress = ''
  [ "${COMPREPLY[*]}" = endpoints ]
  complete_line deploy --context egress = e
  [ "${COMPREPLY[*]}" = endpoints ]
  complete_line deploy --context egress=e
  [ "${COMPREPLY[*]}" = egress=endpoints ]
}

@test "the value of a flag of one verb is no verb" {
  complete_line dlq list --limit 5 --s
  [ "${COMPREPLY[*]}" = --since ]
  complete_line dlq list --limit ''
  [ "${#COMPREPLY[@]}" -eq 0 ]
}

@test "values of a flag, of the verb or of all verbs" {
  complete_line dlq list --reason w
  [ "${COMPREPLY[*]}" = write-refused ]
  complete_line dlq list --region eu-west-3 --reason ''
  [ "${COMPREPLY[*]}" = 'not-json write-refused' ]
  complete_line --region eu-west-1 dlq list --region ''
  [ "${COMPREPLY[*]}" = 'eu-west-1 eu-west-3' ]
  complete_line deploy -c work
  [ "${COMPREPLY[*]}" = workers= ]
}

# Offered by fish after these words.
fish_offers() {
  if ! command -v fish >/dev/null; then skip 'fish is not installed'; fi
  script=$(<"$assets/completion.fish")
  fish --no-config --command "${script/METALS_COMPLETION_TABLE/$table}
    complete --do-complete '$1'" | paste -s -d ' '
}

@test "fish: verbs, flags and values" {
  fish_offers >/dev/null 'metals '
  [ "$(fish_offers 'metals st')" = status ]
  [ "$(fish_offers 'metals --stage lab lab up --p')" = --port ]
  [ "$(fish_offers 'metals status --stage ')" = '' ]
  [ "$(fish_offers 'metals nonsense ')" = '' ]
  [ "$(fish_offers 'metals dlq list --limit 5 --s')" = --since ]
  [ "$(fish_offers 'metals dlq list --region eu-west-3 --reason ')" = 'not-json write-refused' ]
  [ "$(fish_offers 'metals deploy -c work')" = workers= ]
}

# What zsh makes of a line when Tab is typed after it.
zsh_makes() {
  printf '%s\n' "${script/METALS_COMPLETION_TABLE/$table}" >"$BATS_TEST_TMPDIR/completion.sh"
  zsh -f "$BATS_TEST_DIRNAME/type-in-zsh.zsh" "$BATS_TEST_TMPDIR" "$1"
}

@test "zsh: verbs, flags and values" {
  if ! command -v zsh >/dev/null; then skip 'zsh is not installed'; fi
  [ "$(zsh_makes 'metals st')" = 'metals status ' ]
  [ "$(zsh_makes 'metals dlq list --region eu-west-3 --reason wr')" = 'metals dlq list --region eu-west-3 --reason write-refused ' ]
  [ "$(zsh_makes 'metals lab up --po')" = 'metals lab up --port ' ]
}
