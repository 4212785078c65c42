#!/usr/bin/env bats
# scripts/lint-shell on a repository of its own.

setup() {
  command -v shellcheck shfmt >/dev/null || skip 'shellcheck and shfmt are not installed'
  cd "$BATS_TEST_TMPDIR"
  git init --quiet .
  mkdir scripts
  cp "$BATS_TEST_DIRNAME/../../scripts/lint-shell" scripts/
}

@test "clean files pass, found by name or by their first line" {
  printf '#!/usr/bin/env bash\necho ok\n' >tool
  printf 'echo "not a shell file $x' >notes.txt
  run scripts/lint-shell
  [ "$status" -eq 0 ]
  [[ $output == *'2 files clean'* ]]
}

@test "what shellcheck finds is a failure" {
  printf '#!/bin/bash\nrm $1\n' >tool
  run scripts/lint-shell
  [ "$status" -eq 1 ]
  [[ $output == *SC2086* ]]
}

@test "wrong format is a failure that says how to repair it, and --fix repairs it" {
  printf '#!/bin/bash\nif true; then\n        echo ok\nfi\n' >tool
  run scripts/lint-shell
  [ "$status" -eq 1 ]
  [[ $output == *'scripts/lint-shell --fix'* ]]
  scripts/lint-shell --fix
  run scripts/lint-shell
  [ "$status" -eq 0 ]
}

@test "missing tools are named with what installs them" {
  mkdir bin
  for tool in bash dirname env; do ln -s "$(command -v "$tool")" bin/; done
  PATH="$BATS_TEST_TMPDIR/bin" run scripts/lint-shell
  [ "$status" -eq 1 ]
  [[ $output == *'shellcheck shfmt not found'* ]]
  [[ $output == *'apt-get install shellcheck shfmt'* ]]
}

@test "an unknown argument is a usage error" {
  run scripts/lint-shell --repair
  [ "$status" -eq 2 ]
}
