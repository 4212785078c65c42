#!/usr/bin/env bash
# Starts and stops units for the stand-in for systemctl.

# LAB_REGISTRY and LAB_CGROUP_PARENT, which the entrypoint left: scripts call systemctl with an environment of their own.
# shellcheck source=/dev/null
source "${LAB_RUN:=/run/metals-lab}/environment"

# Directories of their own are for tests.
readonly UNITS=${LAB_UNITS:-/etc/systemd/system}
readonly WANTS=$UNITS/multi-user.target.wants
readonly STATE=$LAB_RUN/units
readonly LOGS=${LAB_LOGS:-/var/log/metals-lab}
readonly SUPERVISOR=$LAB_RUN/docker.supervisor
readonly DOCKER_START_SECONDS=90
readonly DOCKER_SOCKET=${LAB_DOCKER_SOCKET:-/run/docker.sock}
# Where AWS answers in a node of the lab.
readonly ENDPOINT=http://127.0.0.1:4566

unit_log() {
  printf '%s/%s.log' "$LOGS" "${1%.service}"
}

require_unit() {
  [[ $1 == docker.service || -f $UNITS/$1 ]] || fail "unit $1 not found: there is no $UNITS/$1"
}

# The settings of a unit and its drop-ins, for one key, one value a line; an empty one resets, as in systemd.
unit_settings() {
  local unit=$1 key=$2 files=()
  [[ ! -f $UNITS/$unit ]] || files+=("$UNITS/$unit")
  mapfile -t -O "${#files[@]}" files < <(find "$UNITS/$unit.d" -name '*.conf' 2>/dev/null | sort)
  ((${#files[@]})) || return 0
  awk -v prefix="$key=" '
    index($0, prefix) == 1 {
      value = substr($0, length(prefix) + 1)
      if (value == "") count = 0; else values[++count] = value
    }
    END { for (i = 1; i <= count; i++) print values[i] }' "${files[@]}"
}

unit_state() {
  if [[ $1 == docker.service ]]; then
    if docker_answers; then printf active; elif supervisor_lives; then printf activating; else printf inactive; fi
  elif [[ -f $STATE/$1 ]]; then
    cat "$STATE/$1"
  else
    printf inactive
  fi
}

start_unit() {
  local unit=$1 required
  require_unit "$unit"
  [[ $(unit_state "$unit") != active ]] || return 0
  # Another start of it is under way: systemd would join that one.
  [[ $unit == docker.service || $(unit_state "$unit") != activating ]] || return 0
  refuse_unknown_directives "$unit"
  assert_mount_points "$unit"
  for required in $(unit_settings "$unit" Requires); do
    # Targets and mounts are systemd's own; here nothing has to be done for them.
    [[ $required != *.service || $required == containerd.service ]] || start_unit "$required"
  done
  case $unit in
    docker.service) start_docker ;;
    *.timer) log "$unit: timers do not run in the lab" ;;
    *)
      if [[ $(unit_settings "$unit" Restart) == on-failure ]]; then
        start_restarting "$unit"
      else
        run_oneshot "$unit" || fail "$unit failed: $(tail -n 5 "$(unit_log "$unit")")"
      fi
      ;;
  esac
}

# What is not in this list would be passed over in silence, although systemd acts upon it.
readonly DIRECTIVES=' Description Documentation After Before Wants Requires RequiresMountsFor AssertPathIsMountPoint
 StartLimitIntervalSec StartLimitBurst OnFailure Type RemainAfterExit EnvironmentFile ExecStartPre ExecStart
 ExecStartPost Restart RestartSec WantedBy OnCalendar OnBootSec OnUnitActiveSec Persistent Unit '

refuse_unknown_directives() {
  local unit=$1 files=() directive
  [[ ! -f $UNITS/$unit ]] || files+=("$UNITS/$unit")
  mapfile -t -O "${#files[@]}" files < <(find "$UNITS/$unit.d" -name '*.conf' 2>/dev/null | sort)
  ((${#files[@]})) || return 0
  while IFS= read -r directive; do
    [[ " ${DIRECTIVES//$'\n'/ } " == *" $directive "* || $unit/$directive == docker.service/ExecStop ]] ||
      fail "$unit has $directive=, which the lab does not know"
  done < <(sed -n 's/^\([A-Za-z]*\)=.*/\1/p' "${files[@]}")
}

seconds_of() { # 30, 30s, 5min, 6h
  [[ $1 =~ ^([0-9]+)(s|min|h|)$ ]] || fail "the lab knows times such as 30s, 5min and 6h, got '$1'"
  case ${BASH_REMATCH[2]} in
    min) printf '%d' $((BASH_REMATCH[1] * 60)) ;;
    h) printf '%d' $((BASH_REMATCH[1] * 3600)) ;;
    *) printf '%d' "${BASH_REMATCH[1]}" ;;
  esac
}

# Restart=on-failure, as systemd 252 does it: `start` answers with the first attempt (with --no-block at once), further
# ones follow in the background, and OnFailure= comes only once the limit is reached.
start_restarting() {
  local unit=$1 attempts pause first
  attempts=$(unit_settings "$unit" StartLimitBurst)
  pause=$(unit_settings "$unit" RestartSec)
  pause=$(seconds_of "${pause:-1}")
  first=$STATE/$unit.first
  rm -f "$first"
  printf activating >"$STATE/$unit"
  # A session of its own: it outlives the script that started it.
  # shellcheck disable=SC2016 # expanded by that shell
  LAB_LIB=$LAB_LIB setsid bash -c 'source "$LAB_LIB/common.sh" && source "$LAB_LIB/units.sh" && attempt_again "$@"' \
    attempts "$unit" "${attempts:-5}" "$pause" >>"$(unit_log "$unit")" 2>&1 </dev/null &
  [[ ${block:-yes} == yes ]] || return 0
  until [[ -s $first ]]; do sleep 0.1; done
  [[ $(<"$first") == active ]] || fail "$unit failed at its first attempt: $(tail -n 5 "$(unit_log "$unit")")"
}

attempt_again() { # UNIT ATTEMPTS SECONDS
  local unit=$1 attempts=$2 pause=$3 attempt handler
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    if (run_oneshot "$unit"); then
      [[ -s $STATE/$unit.first ]] || printf active >"$STATE/$unit.first"
      return 0
    fi
    # Not "failed" while another attempt comes.
    if ((attempt < attempts)); then printf activating >"$STATE/$unit"; else printf failed >"$STATE/$unit"; fi
    [[ -s $STATE/$unit.first ]] || printf failed >"$STATE/$unit.first"
    ((attempt == attempts)) || sleep "$pause"
  done
  log "$unit: start request repeated too quickly"
  for handler in $(unit_settings "$unit" OnFailure); do
    run_oneshot "$handler" || log "$handler failed too"
  done
}

stop_unit() {
  case $1 in
    docker.service) stop_docker ;;
    *)
      require_unit "$1"
      rm -f "$STATE/$1"
      ;;
  esac
}

assert_mount_points() {
  local path
  while IFS= read -r path; do
    mountpoint -q "$path" || fail "assertion of $1 failed: $path is not a mount point"
  done < <(unit_settings "$1" AssertPathIsMountPoint)
}

# The environment of a unit: none of the caller's, as in systemd, but for the lab's own way to AWS.
unit_environment() {
  local file
  while IFS= read -r file; do
    if [[ ! -r ${file#-} ]]; then
      [[ $file == -* ]] || fail "$1: there is no EnvironmentFile $file"
      continue
    fi
    grep -vE '^[[:space:]]*([#;]|$)' "${file#-}" || true
  done < <(unit_settings "$1" EnvironmentFile)
}

# One command of a unit; a failure counts unless the command begins with a hyphen.
run_command() { # UNIT COMMAND ENVIRONMENT…
  local unit=$1 command=$2
  # Prefixes of systemd: @ - : + !
  [[ $command =~ ^[-@:+!]*(.*)$ ]]
  [[ ${BASH_REMATCH[1]} != *[\;\|\&\$\`]* ]] || fail "$unit: the lab runs plain commands only, got '$command'"
  log "$unit: ${BASH_REMATCH[1]}"
  env -i PATH="$PATH" LANG=C.UTF-8 AWS_ENDPOINT_URL="$ENDPOINT" "${@:3}" \
    bash -c "exec ${BASH_REMATCH[1]}" >>"$(unit_log "$unit")" 2>&1 </dev/null || [[ $command == -* ]]
}

# Runs a unit's commands once.
run_oneshot() { # UNIT
  local unit=$1 type command text environment
  type=$(unit_settings "$unit" Type)
  [[ $type == oneshot ]] || fail "$unit has Type=${type:-simple}; in the lab only Type=oneshot services run"
  text=$(unit_environment "$unit") || return 1
  mapfile -t environment <<<"$text"
  [[ -n $text ]] || environment=()
  while IFS= read -r command; do
    if ! run_command "$unit" "$command" "${environment[@]}"; then
      printf failed >"$STATE/$unit"
      return 1
    fi
  done < <(
    unit_settings "$unit" ExecStartPre
    unit_settings "$unit" ExecStart
    unit_settings "$unit" ExecStartPost
  )
  # Without RemainAfterExit systemd forgets it; then it would run again here with each unit that requires it.
  printf active >"$STATE/$unit"
}

start_enabled_units() {
  local unit
  [[ -d $WANTS ]] || return 0
  # What the firewall and the like set up must stand before containers run.
  # A unit that fails does not keep the node from booting.
  local block=no
  while IFS= read -r unit; do
    (start_unit "$unit") || log "$unit did not start"
  done < <(find "$WANTS" -type l -not -name docker.service -printf '%f\n' | sort)
  [[ ! -L $WANTS/docker.service ]] || (start_unit docker.service) || log 'docker.service did not start'
}

docker_answers() {
  [[ -S $DOCKER_SOCKET ]] && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

supervisor_lives() {
  [[ -s $SUPERVISOR ]] && kill -0 "$(<"$SUPERVISOR")" 2>/dev/null
}

start_docker() {
  local deadline=$((SECONDS + DOCKER_START_SECONDS)) log_file
  log_file=$(unit_log docker.service)
  if ! supervisor_lives; then
    {
      printf -- '--insecure-registry=%s\n' "$LAB_REGISTRY"
      [[ -z ${LAB_CGROUP_PARENT:-} ]] || printf -- '--cgroup-parent=%s\n' "$LAB_CGROUP_PARENT"
    } >"$LAB_RUN/docker.args"
    # A session of its own: it outlives the document or script that started it.
    setsid /usr/local/lib/metals-lab/supervise-docker >>"$log_file" 2>&1 </dev/null &
    printf '%s\n' "$!" >"$SUPERVISOR"
  fi
  until docker_answers; do
    supervisor_lives || fail "docker.service failed: $(tail -n 5 "$log_file")"
    ((SECONDS < deadline)) ||
      fail "docker.service does not answer after $DOCKER_START_SECONDS s: $(tail -n 5 "$log_file")"
    sleep 0.2
  done
}

stop_docker() {
  local deadline supervisor command
  supervisor_lives || return 0
  # systemd runs them only where the unit has come up.
  if docker_answers; then
    while IFS= read -r command; do
      run_command docker.service "$command" || log "docker.service: $command failed"
    done < <(unit_settings docker.service ExecStop)
  fi
  deadline=$((SECONDS + 60))
  supervisor=$(<"$SUPERVISOR")
  kill -TERM "$supervisor"
  while kill -0 "$supervisor" 2>/dev/null; do
    ((SECONDS < deadline)) || fail 'dockerd does not stop after 60 s'
    sleep 0.1
  done
  rm -f "$SUPERVISOR"
}
