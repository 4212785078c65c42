#!/usr/bin/env bats
# scripts/lint-templates on a repository of its own, with a Python and a synthesis that only pretend.

setup() {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p scripts tools node_modules/.bin
  cp "$BATS_TEST_DIRNAME/../../scripts/lint-templates" scripts/
  echo 'cfn-lint==1' >scripts/requirements-lint.txt
  # `-m venv DIRECTORY` makes an environment whose pip and cfn-lint write down their arguments.
  cat >tools/python3 <<'EOF'
#!/usr/bin/env bash
case "$*" in
  *'import ensurepip, venv'*) exit "${NO_VENV:-0}" ;;
  *sys.exit*) exit "${OLD_PYTHON:-0}" ;;
  *print*) echo "${OLD_PYTHON:+3.9}${OLD_PYTHON:-3.11}" | cut -c1-4 ;;
  '-m venv '*)
    mkdir -p "$3/bin"
    printf '#!/usr/bin/env bash\nexit 0\n' >"$3/bin/python"
    printf '#!/usr/bin/env bash\necho "pip $*" >>"$CALLS"\nexit "${PIP_EXIT:-0}"\n' >"$3/bin/pip"
    printf '#!/usr/bin/env bash\necho "cfn-lint $*" >>"$CALLS"\nexit "${FINDINGS:-0}"\n' >"$3/bin/cfn-lint"
    chmod +x "$3"/bin/*
    ;;
esac
EOF
  printf '#!/usr/bin/env bash\nif [[ ${SYNTH_EXIT:-0} -ne 0 ]]; then exit "$SYNTH_EXIT"; fi\nprintf "%%s\\n" "a b.json" c.json\n' \
    >node_modules/.bin/tsx
  chmod +x tools/python3 node_modules/.bin/tsx
  export PATH="$PWD/tools:$PATH" CALLS="$PWD/calls"
  touch calls
}

@test "installs cfn-lint by hash once, and again when the requirements change" {
  scripts/lint-templates
  run scripts/lint-templates
  [ "$status" -eq 0 ]
  [[ $output == *'2 templates clean'* ]]
  [ "$(grep -c '^pip install .*--require-hashes' calls)" -eq 1 ]
  [ "$(grep -c '^cfn-lint .*--template a b.json c.json' calls)" -eq 2 ]
  echo 'cfn-lint==2' >scripts/requirements-lint.txt
  scripts/lint-templates
  [ "$(grep -c '^pip install' calls)" -eq 2 ]
}

@test "an installation that failed is done again" {
  PIP_EXIT=1 run scripts/lint-templates
  [ "$status" -ne 0 ]
  scripts/lint-templates
  [ "$(grep -c '^pip install' calls)" -eq 2 ]
}

@test "what cfn-lint finds is a failure, and so is a synthesis that fails" {
  FINDINGS=4 run scripts/lint-templates
  [ "$status" -eq 4 ]
  [[ $output != *clean* ]]
  SYNTH_EXIT=1 run scripts/lint-templates
  [ "$status" -eq 1 ]
  [ "$(grep -c '^cfn-lint' calls)" -eq 1 ]
}

@test "without Python, with an old one, and without venv it says how to install it" {
  NO_VENV=1 run scripts/lint-templates
  [ "$status" -eq 1 ]
  [[ $output == *'has no module venv or ensurepip'*'apt-get install python3 python3-venv'*'brew install python'* ]]
  OLD_PYTHON=1 run scripts/lint-templates
  [ "$status" -eq 1 ]
  [[ $output == *'expected 3.10 to 3.14'* ]]
  rm tools/python3
  for tool in bash dirname env cmp mkdir; do ln -sf "$(command -v "$tool")" tools/; done
  PATH="$PWD/tools" run scripts/lint-templates
  [ "$status" -eq 1 ]
  [[ $output == *'python3 not found'* ]]
}
