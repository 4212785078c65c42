#!/bin/bash
# Log lines as `docker service logs --timestamps` prints them: TIME SERVICE.REPLICA.TASK@NODE    | TEXT

# Docker asks the nodes; for one that is away it waits.
LOGS_TIMEOUT_SECONDS="${METALS_LOGS_TIMEOUT_SECONDS:-15}"
# Longer ones are shortened: one line must not take the place of all others.
LOG_LINE_BYTES=4000
# What one service may have logged; a text without line breaks would fill the disk.
LOG_FILE_BYTES=100000000

# Into FOLDER: of each service SERVICE.lines, not in order; SERVICE.remarks, what Docker said itself, of a node that it cannot
# ask or of a service that is gone; and SERVICE.more where a task has more than LINES of them.
collect_logs() { # FOLDER SINCE LINES HOSTNAME-OR-EMPTY SERVICE…
  local folder=$1 since=$2 lines=$3 host=$4 service
  shift 4
  for service in "$@"; do
    {
      {
        timeout "${LOGS_TIMEOUT_SECONDS}" docker service logs --timestamps --since "${since}" --tail "$((lines + 1))" \
          "metals_${service}" 2>&1 || echo "service ${service}: docker service logs ended with $?"
      } | head -c "${LOG_FILE_BYTES}" | sort_out_logs "${folder}/${service}" "${lines}" "${host}"
    } &
  done
  wait
}

# In bytes, because a task may log what is no text.
sort_out_logs() { # PATH LINES HOSTNAME-OR-EMPTY
  : >"$1.lines"
  LC_ALL=C awk -v path="$1" -v most="$2" -v host="$3" -v width="${LOG_LINE_BYTES}" '
    !/^20[0-9][0-9]-[^ ]+Z metals_[^ ]+@[^ ]+ +\| / { print substr($0, 1, 300) >(path ".remarks"); next }
    ++count[$2] > most { print >(path ".more") }
    host != "" && substr($2, index($2, "@") + 1) != host { next }
    length($0) > width { $0 = substr($0, 1, width) " …" }
    { print >(path ".lines") }'
}

docker_remarks() { # FOLDER
  find "$1" -name '*.remarks' -exec cat {} + | LC_ALL=C sort -u | head -n 5
}

# How each service marks a line: pino and MongoDB in JSON, Kafka and HAProxy in words, HAProxy a request by its status.
level_pattern() { # warn or error
  local errors='"level":"(error|fatal)"|"s":"[EF]"|[]Z] (ERROR|FATAL) |^\[(ALERT|EMERG)\]|^error: '
  [[ $1 == error ]] || errors+='|"level":"warn"|"s":"W"|[]Z] WARN |^\[WARNING\]| 5[0-9]{2} [0-9]+ - - '
  echo "${errors}"
}

# Keeps those lines of FILE whose text, without time and task, is found; grep's own words are on stderr. `-a`: a line that is
# no text is one all the same.
keep_lines_with() { # FILE GREP-OPTIONS…
  local file=$1 code=0
  shift
  LC_ALL=C sed -E 's/^[^|]*\| //' "${file}" | grep -a -n "$@" | LC_ALL=C cut -d : -f 1 >"${file}.numbers" || code=${PIPESTATUS[1]}
  ((code < 2)) || return "${code}"
  if [[ -s ${file}.numbers ]]; then
    LC_ALL=C awk 'NR == FNR { keep[$1]; next } FNR in keep' "${file}.numbers" "${file}" >"${file}.kept"
    mv "${file}.kept" "${file}"
  else
    : >"${file}"
  fi
}
