#!/usr/bin/env bats
# shellcheck disable=SC2016 # the stand-ins expand their own variables
# bin/setup with stand-ins for every program that it calls; nothing is installed.

bats_require_minimum_version 1.5.0

setup() {
  work=$BATS_TEST_TMPDIR
  repository=$work/repository
  mkdir -p "$repository/bin" "$work/programs"
  cp "$BATS_TEST_DIRNAME/../../bin/setup" "$repository/bin/setup"
  echo '{"lockfileVersion":3}' >"$repository/package-lock.json"
  real_node=$(command -v node)
  # Only these are found, besides what the script takes from the system.
  for program in bash cat sed dirname uname sleep tail mkdir ln; do ln -s "$(command -v "$program")" "$work/programs/$program"; done
  program node "[[ \${1:-} == --version ]] && { echo v20.1.0; exit; }; exec '$real_node' \"\$@\""
  program npm 'echo "npm $*" >>"$CALLS"; mkdir -p node_modules'
  export CALLS=$work/calls
  : >"$CALLS"
}

program() {
  rm -f "$work/programs/$1"
  printf '#!%s\n%s\n' "$(command -v bash)" "$2" >"$work/programs/$1"
  chmod +x "$work/programs/$1"
}

run_setup() { run env PATH="$work/programs${MORE_PATH:+:$MORE_PATH}" HOME="$work/home" DOCKER_HOST="${DOCKER_HOST_VALUE:-}" bash "$repository/bin/setup" "$@"; }

@test "an unknown argument is a usage error that names what is known" {
  run_setup --labs
  [ "$status" -eq 2 ]
  [[ $output == *'unknown argument: --labs; expected --lab or --help'* ]]
}

@test "without Node.js it says what to install" {
  rm "$work/programs/node"
  run_setup
  [ "$status" -eq 1 ]
  [[ $output == *'error: Node.js is not installed'* ]]
  [[ $output == *'next:  install Node.js 20'* ]]
}

@test "an old Node.js is named, with what is expected" {
  program node 'echo v18.19.0'
  run_setup
  [ "$status" -eq 1 ]
  [[ $output == *'Node.js is v18.19.0, expected v20 or newer'* ]]
  [ ! -s "$CALLS" ]
}

@test "dependencies are installed once, and again when the lock file has changed" {
  run_setup
  [ "$status" -eq 0 ]
  run_setup
  [[ $output == *'dependencies: installed already'* ]]
  [ "$(wc -l <"$CALLS")" -eq 1 ]
  echo '{"lockfileVersion":3,"packages":{}}' >"$repository/package-lock.json"
  run_setup
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$CALLS")" -eq 2 ]
}

@test "dependencies that were removed are installed again" {
  run_setup
  rm -r "$repository/node_modules"
  run_setup
  [ "$(wc -l <"$CALLS")" -eq 2 ]
}

@test "a failed npm ci leaves no stamp behind" {
  program npm 'echo "registry says no" >&2; mkdir -p node_modules; exit 1'
  run_setup
  [ "$status" -eq 1 ]
  [[ $output == *'registry says no'* ]]
  [[ $output == *'error: npm ci failed'* ]]
  [ ! -e "$repository/node_modules/.package-lock.sha256" ]
}

# A user whose own directory of programs is on the PATH, and a repository with a `metals`.
with_own_programs() {
  MORE_PATH=$work/home/.local/bin
  mkdir -p "$MORE_PATH"
  echo '#!/bin/sh' >"$repository/bin/metals"
  chmod +x "$repository/bin/metals"
}

@test "metals is linked where the shell finds it, and found there by the next run" {
  with_own_programs
  run_setup
  [ "$status" -eq 0 ]
  [[ $output == *"metals: $MORE_PATH/metals, a link to ./bin/metals"* ]]
  [ "$MORE_PATH/metals" -ef "$repository/bin/metals" ]
  run_setup
  [[ $output == *"metals: found as $MORE_PATH/metals"* ]]
}

@test "a link to a clone that is gone is replaced" {
  with_own_programs
  ln -s "$work/gone/bin/metals" "$MORE_PATH/metals"
  run_setup
  [ "$status" -eq 0 ]
  [ "$MORE_PATH/metals" -ef "$repository/bin/metals" ]
}

@test "another program of that name, or the one of another clone, stays" {
  with_own_programs
  program metals 'echo a language server'
  run_setup
  [ "$status" -eq 0 ]
  [[ $output == *"metals: $work/programs/metals is another program; this one is ./bin/metals"* ]]
  [ ! -e "$MORE_PATH/metals" ]
}

@test "where no directory of the PATH can be written to, it says what metals is" {
  run_setup
  [ "$status" -eq 0 ]
  [[ $output == *'metals: no directory of the PATH can be written to; it is ./bin/metals'* ]]
}

@test "without --lab Docker is not looked at" {
  program docker 'echo "docker $*" >>"$CALLS"; exit 1'
  run_setup
  [ "$status" -eq 0 ]
  run ! grep -q docker "$CALLS"
}

@test "--lab without Docker where nothing can be installed says what to do" {
  run_setup --lab
  [ "$status" -eq 1 ]
  [[ $output == *'docker is not installed, and this is no Debian or Ubuntu'* ]]
  [[ $output == *'next:  npm run lab'* ]]
}

@test "--lab as root on Debian installs docker.io, with the client where it is a package of its own" {
  [ "$EUID" -eq 0 ] || skip 'needs root'
  program apt-get "echo \"apt-get \$*\" >>\"\$CALLS\"
if [[ \$* == *docker.io* ]]; then printf '#!$(command -v bash)\necho 27.0\n' >'$work/programs/docker'; $(command -v chmod) +x '$work/programs/docker'; fi"
  program apt-cache 'echo "docker-cli | 26.1.5 | somewhere"'
  run_setup --lab
  [ "$status" -eq 0 ]
  grep -q 'install .*docker.io .*docker-cli' "$CALLS"
  grep -q 'install .*debootstrap' "$CALLS"
  [[ $output == *'docker: daemon 27.0 answers'* ]]
}

@test "--lab with a Docker client that has no engine on this machine installs docker.io" {
  [ "$EUID" -eq 0 ] || skip 'needs root'
  program docker 'exit 1'
  program apt-get "echo \"apt-get \$*\" >>\"\$CALLS\"
if [[ \$* == *docker.io* ]]; then printf '#!$(command -v bash)\necho 27.0\n' >'$work/programs/docker'; fi"
  program apt-cache ''
  run_setup --lab
  [ "$status" -eq 0 ]
  grep -q 'install .*docker.io' "$CALLS"
  [[ $output == *'docker: daemon 27.0 answers'* ]]
}

@test "--lab with all there installs nothing" {
  program docker 'echo 27.0'
  program debootstrap ''
  program apt-get 'echo "apt-get $*" >>"$CALLS"'
  run_setup --lab
  [ "$status" -eq 0 ]
  [[ $output == *'docker: installed already'* ]]
  run ! grep -q apt-get "$CALLS"
}

@test "a daemon elsewhere that does not answer is never started here" {
  program docker 'echo "Cannot connect to the Docker daemon at tcp://192.0.2.1:2375" >&2; exit 1'
  program dockerd 'echo "dockerd" >>"$CALLS"'
  DOCKER_HOST_VALUE=tcp://192.0.2.1:2375
  run_setup --lab
  [ "$status" -eq 1 ]
  [[ $output == *'cannot be reached: Cannot connect to the Docker daemon at tcp://192.0.2.1:2375'* ]]
  run ! grep -q dockerd "$CALLS"
}
