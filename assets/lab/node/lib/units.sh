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
  assert_mount_points "$unit"
  for required in $(unit_settings "$unit" Requires); do
    # Targets and mounts are systemd's own; here nothing has to be done for them.
    [[ $required != *.service || $required == containerd.service ]] || start_unit "$required"
  done
  case $unit in
    docker.service) start_docker ;;
    *.timer) log "$unit: timers do not run in the lab" ;;
    *) run_oneshot "$unit" ;;
  esac
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

run_oneshot() {
  local unit=$1 type command
  type=$(unit_settings "$unit" Type)
  [[ $type == oneshot ]] || fail "$unit has Type=${type:-simple}; in the lab only Type=oneshot services run"
  while IFS= read -r command; do
    # Prefixes of systemd: @ - : + !
    [[ $command =~ ^[-@:+!]*(.*)$ ]]
    [[ ${BASH_REMATCH[1]} != *[\;\|\&\$\`]* ]] || fail "$unit: the lab runs plain commands only, got '$command'"
    log "$unit: ${BASH_REMATCH[1]}"
    if ! bash -c "exec ${BASH_REMATCH[1]}" >>"$(unit_log "$unit")" 2>&1 </dev/null && [[ $command != -* ]]; then
      printf failed >"$STATE/$unit"
      fail "$unit failed: $(tail -n 5 "$(unit_log "$unit")")"
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
  while IFS= read -r unit; do
    start_unit "$unit"
  done < <(find "$WANTS" -type l -not -name docker.service -printf '%f\n' | sort)
  [[ ! -L $WANTS/docker.service ]] || start_unit docker.service
}

docker_answers() {
  [[ -S /run/docker.sock ]] && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
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
  local deadline=$((SECONDS + 60)) supervisor
  supervisor_lives || return 0
  supervisor=$(<"$SUPERVISOR")
  kill -TERM "$supervisor"
  while kill -0 "$supervisor" 2>/dev/null; do
    ((SECONDS < deadline)) || fail 'dockerd does not stop after 60 s'
    sleep 0.1
  done
  rm -f "$SUPERVISOR"
}
