# Places at which a script can be killed. Read through BASH_ENV by the script under test and by the stand-ins that it
# calls. Each kill point takes a ticket, `00001` to the number that the test grants, from a pipe; where none is left, the
# script's process group gets a SIGKILL, as a step of the SSM agent does at its time-out and when it is cancelled.
KILL_TICKETS_FD=19
# A number and a line break: read in one call, because the members of a pipeline take tickets at the same time.
KILL_TICKET_BYTES=6

kill_point() { # the command that comes next
  [[ -n ${KILL_GROUP:-} ]] || return 0
  local ticket
  if read -rN "${KILL_TICKET_BYTES}" -u "${KILL_TICKETS_FD}" ticket; then
    [[ -z ${KILL_SURVEY:-} ]] || survey_world "${ticket%$'\n'}" "$1"
    return 0
  fi
  printf '%s\n' "$1" >"${KILL_NOTE}"
  printf '%s\n' "${KILL_GROUP}" >"${KILL_NOTE}.group"
  kill -KILL -- "-${KILL_GROUP}"
  # `timeout` runs its command in a process group of its own, which the agent's SIGKILL spares.
  kill -KILL "$$"
}

# One line for each kill point, fields with tabs between: its ticket, what the world is like then, and the command that
# comes next.
survey_world() { # TICKET COMMAND
  printf '%s\t%s\t%s\n' "$1" "$(find "${WORLD}" -printf '%P %s %T@ %m;')" "${2//$'\n'/ }" >>"${KILL_SURVEY}"
}

if [[ -n ${KILL_THIS:-} ]]; then
  unset KILL_THIS
  export KILL_GROUP=$$
  # Functions, command substitutions and subshells too.
  set -o functrace
  trap 'kill_point "${BASH_COMMAND}"' DEBUG
fi
