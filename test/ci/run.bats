#!/usr/bin/env bats
# .ci/run on a copy of the repository in which `npm` and `bin/setup` only pretend: what it adds up, and when it fails.

setup() {
  root=$BATS_TEST_DIRNAME/../..
  cd "$BATS_TEST_TMPDIR"
  mkdir -p .ci bin scripts test tools
  cp "$root/.ci/run" .ci/
  cp "$root/scripts/test-counts.ts" scripts/
  ln -s "$root/node_modules" node_modules
  touch test/some.bats
  printf '#!/usr/bin/env bash\n' >bin/setup
  # Every tool that would have to be installed is there.
  for tool in shellcheck shfmt jq busybox haproxy spin cc mkfs.xfs systemd-analyze python3; do printf '#!/usr/bin/env bash\n' >"tools/$tool"; done
  cat >tools/npm <<'EOF'
#!/usr/bin/env bash
printf '%s\n' "$*" >>"$CALLS"
report() {
  mkdir -p build/test-results
  printf '{"numPassedTests":%s,"numFailedTests":%s,"numPendingTests":0,"numTodoTests":0,"numRuntimeErrorTestSuites":0}' \
    "$2" "$3" >"build/test-results/$1.jest.json"
}
case "$*" in
  test*)
    report unit 10 "${UNIT_FAILED:-0}"
    printf '1..2\nok 1 a\nok 2 b\n' >build/test-results/unit.bats.tap
    exit "${UNIT_FAILED:-0}"
    ;;
  *test:strict)
    printf '1..3\nok 1 a\nok 2 b\n%s 3 c\n' "${STRICT_MARK:-ok}" >build/test-results/strict.tap
    [[ ${STRICT_MARK:-ok} == ok ]] || exit 1
    ;;
  *test:faults) report faults 4 "${FAULTS_FAILED:-0}" && exit "${FAULTS_FAILED:-0}" ;;
  *test:model)
    printf '1..2\nok 1 a\n%s 2 b\n' "${MODEL_MARK:-ok}" >build/test-results/model.tap
    [[ ${MODEL_MARK:-ok} == ok ]] || exit 1
    ;;
  *test:emulator) printf '1..1\nok 1 a\n' >build/test-results/emulator.tap ;;
  *test:lab) report lab 5 "${LAB_FAILED:-0}" && exit "${LAB_FAILED:-0}" ;;
  *lint) exit "${LINT_EXIT:-0}" ;;
  'run --silent lab') exit "${LAB_EXIT:-0}" ;;
  *lab:down) exit "${DOWN_EXIT:-0}" ;;
esac
EOF
  chmod +x bin/setup tools/*
  export PATH="$PWD/tools:$PATH" CALLS="$PWD/calls"
}

last_line() { printf '%s' "${lines[${#lines[@]} - 1]}"; }

@test "all well: the sum of all tests comes last, and the lab is taken down" {
  run .ci/run
  [ "$status" -eq 0 ]
  [ "$(last_line)" = '27 passed, 0 failed' ]
  # From nothing: what an earlier run has left is removed first.
  [ "$(grep '^run --silent lab' calls | paste -sd' ')" = 'run --silent lab:down run --silent lab run --silent lab:down' ]
}

@test "a failed unit test fails the run, and the lab is tested all the same" {
  UNIT_FAILED=1 run .ci/run
  [ "$status" -ne 0 ]
  [ "$(last_line)" = '27 passed, 1 failed' ]
  grep -q 'test:lab' calls
}

@test "a failed fault test fails the run, and the lab is tested all the same" {
  FAULTS_FAILED=1 run .ci/run
  [ "$status" -ne 0 ]
  [ "$(last_line)" = '27 passed, 1 failed' ]
  [[ $output == *'failed steps: fault tests'* ]]
  grep -q 'test:lab' calls
}

@test "a planted defect that is not caught fails the run, and the lab is tested all the same" {
  STRICT_MARK='not ok' run .ci/run
  [ "$status" -ne 0 ]
  [ "$(last_line)" = '26 passed, 1 failed' ]
  [[ $output == *'failed steps: planted defects'* ]]
  grep -q 'test:lab' calls
}

@test "a model that does not say as expected fails the run" {
  MODEL_MARK='not ok' run .ci/run
  [ "$status" -ne 0 ]
  [ "$(last_line)" = '26 passed, 1 failed' ]
  [[ $output == *'failed steps: model of the delivery'* ]]
}

@test "a failed linter fails the run although every test passed" {
  LINT_EXIT=1 run .ci/run
  [ "$status" -ne 0 ]
  [[ $output == *'failed steps: lint'* ]]
  [ "$(last_line)" = '27 passed, 0 failed' ]
}

@test "a lab that does not come up counts as a failure, and what is there of it is removed" {
  LAB_EXIT=1 run .ci/run
  [ "$status" -ne 0 ]
  [ "$(last_line)" = '22 passed, 1 failed' ]
  [ "$(grep -c 'test:lab' calls)" -eq 0 ]
  grep -q 'lab:down' calls
}

@test "a lab that cannot be removed fails the run, before and after it" {
  DOWN_EXIT=1 run .ci/run
  [ "$status" -ne 0 ]
  [[ $output == *'failed steps: lab up,lab down'* ]]
  [ "$(grep -cx 'run --silent lab' calls)" -eq 0 ]
}

@test "dependencies that cannot be installed end it at once, without a lab" {
  printf '#!/usr/bin/env bash\nexit 1\n' >bin/setup
  run .ci/run
  [ "$status" -ne 0 ]
  [ ! -e calls ]
}

@test "a Python without venv is a missing tool" {
  printf '#!/usr/bin/env bash\nexit 1\n' >tools/python3
  printf '#!/usr/bin/env bash\necho "apt-get $*" >>"$CALLS"\n' >tools/apt-get
  chmod +x tools/apt-get
  run .ci/run
  [[ $output == *'installing python3-venv'* ]]
  grep -q '^apt-get install .*python3-venv' calls
}
