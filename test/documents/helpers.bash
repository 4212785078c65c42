# Runs a document's script as Systems Manager would, with stand-ins for docker, aws and curl that write down how they
# shellcheck disable=SC2154 # status and output are of bats
# were called. Nothing here needs Docker or a network.
ROOT=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)

setup() {
  export CALLS="${BATS_TEST_TMPDIR}/calls" STDIN="${BATS_TEST_TMPDIR}/stdin"
  mkdir -p "${BATS_TEST_TMPDIR}/bin" "${STDIN}"
  : >"${CALLS}"
  export PATH="${BATS_TEST_TMPDIR}/bin:${PATH}"
  export AWS_SSM_REGION_NAME=eu-west-1 AWS_SSM_INSTANCE_ID=i-0123
  unset AWS_REGION
  export METALS_RUN_FOLDER="${BATS_TEST_TMPDIR}/run" METALS_STATE_FOLDER="${BATS_TEST_TMPDIR}/state"
  export METALS_NODE_FILE="${BATS_TEST_TMPDIR}/node.env" METALS_DOCKER_CONFIG_FILE="${BATS_TEST_TMPDIR}/docker/daemon.json"
  export METALS_HOST_LIBRARY="${ROOT}/assets/host/lib"
  node_is manager-1
  stub sleep </dev/null
  # A node whose boot is over.
  stub cloud-init <<<'echo "status: done"'
  stub systemctl <<<'echo active'
}

node_is() { # SLOT
  printf 'METALS_STAGE=lab\nMETALS_SLOT=%s\nMETALS_ROLE=%s\nMETALS_DATA_VOLUME_ID=vol-1\nMETALS_REGISTRY=123456789012.dkr.ecr.eu-west-1.amazonaws.com\nMETALS_DOCKER_BRIDGE_CIDR=172.26.0.0/16\nMETALS_GATEWAY_BRIDGE_CIDR=172.27.0.0/16\n' "$1" "${1%-*}" >"${METALS_NODE_FILE}"
}

# What tells the Swarm that this node is a member of; nothing: of none.
member_of() { # [ID]
  export METALS_SWARM_FOLDER="${BATS_TEST_TMPDIR}/swarm"
  mkdir -p "${METALS_SWARM_FOLDER}/certificates"
  : >"${METALS_SWARM_FOLDER}/certificates/swarm-node.crt"
  [[ -n ${1:-} ]] || return 0
  # As a node of a real Swarm has it.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout /dev/null \
    -subj "/O=$1/OU=swarm-worker/CN=8f0d9m2k1l" -out "${METALS_SWARM_FOLDER}/certificates/swarm-node.crt" 2>/dev/null
}

# A command whose body is on stdin; its calls are written down first.
stub() { # NAME
  {
    # shellcheck disable=SC2016 # expanded when the stub runs
    printf '#!/bin/bash\nprintf "%%s\\n" "%s $*" >>"${CALLS}"\n' "$1"
    cat
  } >"${BATS_TEST_TMPDIR}/bin/$1"
  chmod +x "${BATS_TEST_TMPDIR}/bin/$1"
}

# The functions in front of every document, in the order of lib/constructs/command-document.ts.
libraries() { cat "${ROOT}"/assets/documents/lib/*.sh "${ROOT}"/assets/host/lib/{esp,wait}.sh; }

# The script as it is sent: the libraries, then the document.
assemble() { # DOCUMENT
  local script="${BATS_TEST_TMPDIR}/$1.sh"
  {
    echo '#!/bin/bash'
    libraries
    [[ -z ${1:-} ]] || cat "${ROOT}/assets/documents/$1/run.sh"
  } >"${script}"
  echo "${script}"
}

run_document() { run bash "$(assemble "$1")"; }

# The libraries alone, and then some lines of a test's own.
run_with_libraries() { # LINES
  { libraries && echo "$1"; } >"${BATS_TEST_TMPDIR}/lines.sh"
  run bash "${BATS_TEST_TMPDIR}/lines.sh"
}

assert_status() {
  [[ ${status} == "$1" ]] || { echo "status ${status}, expected $1; output: ${output}" && return 1; }
}
assert_output() { # TEXT that must be in the output
  [[ ${output} == *"$1"* ]] || { echo "not in the output: $1; output: ${output}" && return 1; }
}
refute_call() { # TEXT that no call may contain
  ! grep -F -- "$1" "${CALLS}" || { echo "was called: $1" && return 1; }
}
assert_call() {
  grep -qF -- "$1" "${CALLS}" || { echo "not called: $1; calls: $(cat "${CALLS}")" && return 1; }
}
refute_output() { # TEXT that may not be in the output
  [[ ${output} != *"$1"* ]] || { echo "in the output: $1; output: ${output}" && return 1; }
}
