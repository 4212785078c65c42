#!/bin/bash
# Log lines as `docker service logs --timestamps` prints them: TIME SERVICE.REPLICA.TASK@NODE    | TEXT

# Docker asks the nodes; for one that is away it waits.
LOGS_TIMEOUT_SECONDS="${METALS_LOGS_TIMEOUT_SECONDS:-15}"
LOG_LINE='^20[0-9]{2}-[^ ]+Z [^ ]+@[^ ]+ +\| '
# Longer ones are shortened: one line must not take the place of all others.
LOG_LINE_BYTES=4000

# Of each service a file in FOLDER: its lines, and what Docker had to say itself.
collect_logs() { # FOLDER SINCE LINES SERVICE…
  local folder=$1 since=$2 lines=$3 service
  shift 3
  for service in "$@"; do
    {
      timeout "${LOGS_TIMEOUT_SECONDS}" docker service logs --timestamps --since "${since}" --tail "${lines}" "metals_${service}" \
        >"${folder}/${service}.out" 2>&1 || echo "service ${service}: docker service logs ended with $?" >>"${folder}/${service}.out"
    } &
  done
  wait
}

# In the order of time. What is no such line was said by Docker: of a node that it cannot ask, or of a service that is gone.
sorted_logs() { # FOLDER
  # One folder for all: no name holds a blank.
  LC_ALL=C grep -hE -- "${LOG_LINE}" "$1"/*.out | LC_ALL=C sort -s -k 1,1 | LC_ALL=C sed -E "s/^(.{${LOG_LINE_BYTES}}).+$/\1 …/" || true
}

docker_remarks() { # FOLDER
  LC_ALL=C grep -hvE -- "${LOG_LINE}" "$1"/*.out | LC_ALL=C sort -u | head -n 5 | cut -c 1-300 || true
}

# How each service marks a line: pino and MongoDB in JSON, Kafka and HAProxy in words, HAProxy a request by its status.
level_pattern() { # warn or error
  local errors='"level":"(error|fatal)"|"s":"[EF]"|[]Z] (ERROR|FATAL) |^\[(ALERT|EMERG)\]|^error: '
  [[ $1 == error ]] || errors+='|"level":"warn"|"s":"W"|[]Z] WARN |^\[WARNING\]| 5[0-9]{2} [0-9]+ - - '
  echo "${errors}"
}

# Lines on stdin whose text, without time and task, is found; grep's own words are on stderr.
lines_with() { # FOLDER GREP-OPTIONS…
  local folder=$1 code=0
  shift
  cat >"${folder}/lines"
  sed -E 's/^[^|]*\| //' "${folder}/lines" | grep -n "$@" | cut -d : -f 1 >"${folder}/numbers" || code=${PIPESTATUS[1]}
  ((code < 2)) || return "${code}"
  [[ ! -s ${folder}/numbers ]] || awk 'NR == FNR { keep[$1]; next } FNR in keep' "${folder}/numbers" "${folder}/lines"
}
