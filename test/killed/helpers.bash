# Kills a script at its commands, one after the other, and demands of the next run that it ends as if nothing had been.
# shellcheck disable=SC2154 # bats sets BATS_*
#
# ${WORLD} holds everything that a script can change: host/ is the node's disk, swarm/, aws/, kernel/ and units/ belong to the
# stand-ins in fakes/, which are of daemons and live on when a script is killed.
#
# METALS_KILLS        how many of the world's distinct states each script is killed in (default 2)
# METALS_KILL_EVERY   1: each script is killed before every one of its commands
# METALS_KILL_SEED    draws the states (default: a new one, printed)
# shellcheck disable=SC2034 # the tests use it
ROOT=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
TICKETS=9999
REGISTRY_PASSWORD=registry-password-in-clear WORKER_TOKEN=SWMTKN-1-worker-in-clear MANAGER_TOKEN=SWMTKN-1-manager-in-clear
SECRET_TEXTS=(registry-password-in-clear SWMTKN-1- api-key-in-clear kafka-in-clear mongodb-in-clear)

setup() {
  WORLD="${BATS_TEST_TMPDIR}/world" HOST="${BATS_TEST_TMPDIR}/world/host"
  export WORLD REGISTRY_PASSWORD WORKER_TOKEN MANAGER_TOKEN
  export DAEMON_TMP="${BATS_TEST_TMPDIR}/daemon" CALLS="${BATS_TEST_TMPDIR}/calls" KILL_NOTE="${BATS_TEST_TMPDIR}/note"
  mkdir -p "${DAEMON_TMP}" "${HOST}"/{tmp,root,etc} "${WORLD}"/{aws/parameters,kernel,units} \
    "${WORLD}"/swarm/{nodes,services,tasks,networks,secrets,configs,volumes,images,containers}
  export PATH="${BATS_TEST_DIRNAME}/fakes:${PATH}" BASH_ENV="${BATS_TEST_DIRNAME}/kill-point.bash"
  export HOME="${HOST}/root" TMPDIR="${HOST}/tmp"
  export METALS_RUN_FOLDER="${HOST}/run" METALS_STATE_FOLDER="${HOST}/state" METALS_NODE_FILE="${HOST}/etc/node.env"
  export METALS_HOST_LIBRARY="${ROOT}/assets/host/lib" METALS_DOCKER_CONFIG_FILE="${HOST}/etc/docker/daemon.json"
  export METALS_SWARM_FOLDER="${HOST}/docker/swarm"
  : >"${CALLS}"
}

# Objects from a recorded list, a file each, named by one of their properties.
record() { # KIND PROPERTY FILE [CHANGE in jq]
  local object
  while read -r object; do
    printf '%s\n' "${object}" >"${WORLD}/swarm/$1/$(jq -r ".$2" <<<"${object}")"
  done < <(jq -c "${4:-.} | .[]" "$3")
}

# --- one run ---

# Leaves what the script printed in ${BATS_TEST_TMPDIR}/out and err, and its exit code in STATUS. A session of its own, as
# a step of the agent has and a service of systemd.
run_script() { # [TICKETS]: without, no end of them
  local number=${1:-}
  rm -f "${KILL_NOTE}"
  STATUS=0
  if [[ -z ${number} ]]; then
    setsid --wait bash "${SCRIPT}" >"${BATS_TEST_TMPDIR}/out" 2>"${BATS_TEST_TMPDIR}/err" </dev/null || STATUS=$?
    return
  fi
  exec 19< <(seq -f %05g 1 "${number}")
  { KILL_SURVEY=${KILL_SURVEY:-} KILL_THIS=1 setsid --wait bash "${SCRIPT}" >"${BATS_TEST_TMPDIR}/out" 2>"${BATS_TEST_TMPDIR}/err" </dev/null; } 2>/dev/null || STATUS=$?
  TICKETS_LEFT=$(wc -l <&19)
  exec 19<&-
}

TIMES='s/"(duration_ms|generated_at|asked_at|scaled|changed|from|at|used_bytes|free_bytes|inodes_used|grown_bytes|over_seconds|milliseconds|certificate_ends_in_seconds|expires_in_seconds)":[^,}]+//g'

# JSON lines of stdout, without times, and without what this very run has changed; what is packed in one is unpacked.
answers() {
  local packed
  sed -nE "/^\{\"rotated\"/d; /^\{/ { ${TIMES}; s/\"packed\":\"[^\"]*\"//; p }" "${BATS_TEST_TMPDIR}/out"
  while read -r packed; do base64 -d <<<"${packed}" | gzip -d | sed -E "${TIMES}"; done < <(sed -nE 's/^\{.*"packed":"([^"]*)".*/\1/p' "${BATS_TEST_TMPDIR}/out")
}

# Whatever lives on, such as the command of a `timeout`, has ended too.
await_end() {
  while pgrep -s "$(<"${KILL_NOTE}.group")" >/dev/null; do /bin/sleep 0.01; done
}

reset_world() {
  rm -rf "${WORLD}"
  cp -a "${BATS_TEST_TMPDIR}/initial" "${WORLD}"
}

# --- what must hold ---

# A device is as large as a disk, and holds the time at which it was formatted; node-evidence notes when it looked.
differences() { # EXPECTED: what the world has otherwise
  diff -r -x 'nvme-*' -x disk-samples "$1" "${WORLD}"
  diff <(cd "$1" && modes) <(cd "${WORLD}" && modes)
}

modes() { find . ! -name 'nvme-*' -printf '%P %y %m\n' | sort; }

# Ends the test, also where `run` has switched errexit off.
complain() { # WHAT
  echo "$1"
  echo "script ${NAME}, seed ${SEED}, kill point ${TICKET:-none}, before: $(cat "${KILL_NOTE}.last" 2>/dev/null)"
  tail -n 8 "${BATS_TEST_TMPDIR}/err"
  exit 1
}

assert_as_undisturbed() {
  local found
  ((STATUS == 0)) || complain "the run after it ended with ${STATUS}"
  found=$(differences "${BATS_TEST_TMPDIR}/expected") || true
  [[ -z ${found} ]] || complain "the run after it did not end as an undisturbed one (expected < > found): ${found}"
  [[ $(answers) == "${EXPECTED_ANSWERS}" ]] || complain "the run after it answered: $(answers); expected: ${EXPECTED_ANSWERS}"
}

refute_secrets() {
  local found
  found=$(grep -rF "${SECRET_TEXTS[@]/#/-e}" "${HOST}" "${CALLS}") || return 0
  complain "a secret is on the disk, or was an argument: ${found}"
}

# A file under its final name has the content from before or from after. What is still being made has another name, which
# the next run removes.
refute_half_written() {
  local file path
  while read -r path; do
    file="${WORLD}/${path}"
    cmp -s "${file}" "${BATS_TEST_TMPDIR}/expected/${path}" || cmp -s "${file}" "${BATS_TEST_TMPDIR}/initial/${path}" ||
      complain "half-written: ${path}"
  done < <(cd "${BATS_TEST_TMPDIR}/expected" && find host -type f ! -name 'nvme-*' | while read -r path; do [[ ! -e ${WORLD}/${path} ]] || echo "${path}"; done)
}

# --- where to kill ---

# The first ticket of each state that the world has on the way, as the survey saw it. A kill at a later one finds the same.
distinct_states() { sort -n "${SURVEY}" | awk -F '\t' '$2 != last { print $1 + 0; last = $2 }'; }

choose_tickets() { # TOTAL
  if [[ ${METALS_KILL_EVERY:-} == 1 ]]; then
    seq 1 "$1"
  else
    distinct_states | shuf -n "${METALS_KILLS:-2}" --random-source=<(yes "${SEED}") | sort -n
  fi
}

# Two kills that leave the same world need one run after them.
world_is() {
  {
    modes
    find . -type f ! -name 'nvme-*' -print0 | sort -z | xargs -0 sha256sum
    [[ ! -e ${DEVICE:-} ]] || head -c 512 "${DEVICE}" | sha256sum
  } | sha256sum
}

# Leaves how many kill points there are, and how often the script was killed, in KILL_POINTS and KILLED.
prove() { # NAME of the script in ${SCRIPT}
  NAME=$1 SEED=${METALS_KILL_SEED:-${RANDOM}} TICKET=''
  local ticket world proved=''
  KILLED=0
  cp -a "${WORLD}" "${BATS_TEST_TMPDIR}/initial"
  SURVEY="${BATS_TEST_TMPDIR}/survey"
  KILL_SURVEY="${SURVEY}" run_script "${TICKETS}"
  KILL_POINTS=$((TICKETS - TICKETS_LEFT))
  ((STATUS == 0)) || complain "undisturbed, it ended with ${STATUS}"
  cp -a "${WORLD}" "${BATS_TEST_TMPDIR}/expected"
  EXPECTED_ANSWERS=$(answers)
  run_script
  assert_as_undisturbed
  refute_secrets
  for ticket in $(choose_tickets "${KILL_POINTS}"); do
    TICKET=${ticket}
    reset_world
    run_script "$((ticket - 1))"
    # Members of a pipeline take their tickets in any order, so that the last of them may find some left.
    [[ -e ${KILL_NOTE} ]] || { ((STATUS == 0)) && continue; }
    mv "${KILL_NOTE}" "${KILL_NOTE}.last"
    KILLED=$((KILLED + 1))
    await_end
    refute_half_written
    refute_secrets
    world=$(cd "${WORLD}" && world_is)
    [[ ${proved} != *"${world}"* ]] || continue
    proved+="${world} "
    run_script
    assert_as_undisturbed
    refute_secrets
  done
  # Otherwise this test has shown nothing.
  ((KILLED > 0)) || complain "it was never killed"
  echo "# ${NAME}: ${KILL_POINTS} kill points, $(distinct_states | wc -l) states of the world; killed ${KILLED} times, seed ${SEED}" >&3
}
