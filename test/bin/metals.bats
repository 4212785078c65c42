#!/usr/bin/env bats
# shellcheck disable=SC2016 # the stand-ins expand their own variables
# bin/metals in a small copy of the repository: the real bundler, and a program that prints its arguments.

bats_require_minimum_version 1.5.0

setup() {
  work=$BATS_TEST_TMPDIR
  source=$BATS_TEST_DIRNAME/../..
  repository="$work/the repository"
  mkdir -p "$repository"/{bin,lib,services,scripts,home}
  cp "$source/bin/metals" "$repository/bin/metals"
  cp "$source/scripts/build-cli.ts" "$repository/scripts/"
  cp "$source/lib/repository.ts" "$repository/lib/"
  echo '{}' >"$repository/cdk.json"
  ln -s "$(cd "$source" && pwd)/node_modules" "$repository/node_modules"
  echo '{}' >"$repository/package-lock.json"
  printf '#!/bin/sh\necho set up >&2\n' >"$repository/bin/setup"
  chmod +x "$repository/bin/setup"
  program first
  cd "$repository" || exit
}

# The bundle is made anew where a source is newer, to the millisecond.
program() {
  sleep 0.01
  echo "console.log('$1', process.env.METALS_COMMAND, ...process.argv.slice(2));" >"$repository/bin/metals.ts"
}

@test "arguments arrive as they were typed, blanks and all" {
  run -0 ./bin/metals status --stage 'a  b' ''
  [ "$output" = 'first ./bin/metals status --stage a  b ' ]
}

@test "a changed source is bundled anew, an unchanged one is not" {
  ./bin/metals
  before=$(stat -c %Y.%N build/cli/metals.mjs)
  ./bin/metals
  [ "$(stat -c %Y.%N build/cli/metals.mjs)" = "$before" ]
  program second
  run -0 ./bin/metals
  [ "$output" = 'second ./bin/metals' ]
}

@test "a source that is gone is noticed" {
  echo "export const WORD = 'third';" >lib/word.ts
  echo "import { WORD } from '../lib/word'; console.log(WORD);" >bin/metals.ts
  run -0 ./bin/metals
  [ "$output" = third ]
  sleep 0.01
  rm lib/word.ts
  run ! ./bin/metals
  [[ $output == *'Could not resolve "../lib/word"'* ]]
}

@test "sources that do not compile leave the bundle as it was" {
  ./bin/metals
  sleep 0.01
  echo 'const = 1;' >bin/metals.ts
  run ! ./bin/metals
  [[ $output == *'build-cli: '* ]]
  program again
  run -0 ./bin/metals
  [ "$output" = 'again ./bin/metals' ]
}

@test "found on the PATH, through a link, its next commands are as short" {
  mkdir "$work/programs"
  ln -s "$repository/bin/metals" "$work/programs/metals"
  cd "$work"
  PATH=$work/programs:$PATH run -0 metals status
  [ "$output" = 'first metals status' ]
  PATH=$work/programs:$PATH run -0 "$repository/bin/metals" status
  [ "$output" = 'first metals status' ]
}

@test "another program of that name on the PATH is not meant" {
  mkdir "$work/programs"
  printf '#!/bin/sh\n' >"$work/programs/metals"
  chmod +x "$work/programs/metals"
  PATH=$work/programs:$PATH run -0 ./bin/metals status
  [ "$output" = 'first ./bin/metals status' ]
}

@test "from another directory the next command is the one that was typed" {
  cd lib
  run -0 ../bin/metals status
  [ "$output" = 'first ../bin/metals status' ]
}

@test "two at once, the bundle being out of date, both run" {
  ./bin/metals >one 2>&1 &
  ./bin/metals >two 2>&1
  wait
  [ "$(<one) $(<two)" = 'first ./bin/metals first ./bin/metals' ]
}

@test "without dependencies it sets up first" {
  rm node_modules
  run ! ./bin/metals
  [[ $output == *'set up'* ]]
}

@test "a result that cannot be written is a failure; a reader that goes is none" {
  real=$source/bin/metals
  run -1 bash -c "'$real' completion bash >/dev/full"
  [[ $output == *'error: the result could not be written: '*ENOSPC* ]]
  run -0 bash -c "set -o pipefail; '$real' completion bash | head -1"
}
