#!/usr/bin/env bats
# The stand-in for systemctl in a node of the lab.

setup() {
  cd "$BATS_TEST_DIRNAME/../../../.." || return 1
  export LAB_LIB=$PWD/assets/lab/node/lib LAB_RUN=$BATS_TEST_TMPDIR/run LAB_UNITS=$BATS_TEST_TMPDIR/units
  export LAB_LOGS=$BATS_TEST_TMPDIR/logs
  mkdir -p "$LAB_RUN/units" "$LAB_UNITS" "$LAB_LOGS"
  printf 'LAB_REGISTRY=registry\nLAB_CGROUP_PARENT=\n' >"$LAB_RUN/environment"
  systemctl=assets/lab/node/bin/systemctl
}

unit() { # NAME TEXT
  mkdir -p "$(dirname "$LAB_UNITS/$1")"
  printf '%s\n' "$2" >"$LAB_UNITS/$1"
}

@test "an unknown verb, an unknown option or a missing unit is refused" {
  run "$systemctl" isolate rescue
  [ "$status" -eq 1 ]
  [[ $output == *"does not know 'isolate'"* ]]
  run "$systemctl" start --force a.service
  [ "$status" -eq 1 ]
  [[ $output == *"does not know the option --force"* ]]
  run "$systemctl" start
  [ "$status" -eq 1 ]
  run "$systemctl" start nowhere
  [ "$status" -eq 1 ]
  [[ $output == *"unit nowhere.service not found"* ]]
}

@test "a oneshot that fails is a failure, with what it printed" {
  unit bad.service $'[Service]\nType=oneshot\nExecStart=/bin/ls /no/such/place'
  run "$systemctl" start bad
  [ "$status" -eq 1 ]
  [[ $output == *"bad.service failed:"*"/no/such/place"* ]]
  run "$systemctl" is-active bad
  [ "$status" -eq 3 ]
  [ "$output" = failed ]
}

@test "a long-running service and a shell line are refused rather than half run" {
  unit daemon.service $'[Service]\nExecStart=/bin/sleep 1'
  run "$systemctl" start daemon
  [ "$status" -eq 1 ]
  [[ $output == *"Type=simple; in the lab only Type=oneshot services run"* ]]
  unit shell.service $'[Service]\nType=oneshot\nExecStart=/bin/true; /bin/touch '"$BATS_TEST_TMPDIR/made"
  run "$systemctl" start shell
  [ "$status" -eq 1 ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
}

@test "a path that must be a mount point is checked, drop-ins included" {
  unit a.service $'[Service]\nType=oneshot\nExecStart=/bin/true'
  unit a.service.d/10.conf $'[Unit]\nAssertPathIsMountPoint='"$BATS_TEST_TMPDIR"
  run "$systemctl" start a
  [ "$status" -eq 1 ]
  [[ $output == *"assertion of a.service failed: $BATS_TEST_TMPDIR is not a mount point"* ]]
}

@test "what a unit requires runs before it, once" {
  unit first.service $'[Service]\nType=oneshot\nExecStart=/usr/bin/mkdir '"$BATS_TEST_TMPDIR/made"
  unit second.service $'[Unit]\nRequires=first.service\n[Service]\nType=oneshot\nExecStart=/usr/bin/rmdir '"$BATS_TEST_TMPDIR/made"
  run "$systemctl" enable --now second
  [ "$status" -eq 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  run "$systemctl" is-active first second
  [ "$status" -eq 0 ]
  run "$systemctl" is-enabled second
  [ "$status" -eq 0 ]
  run "$systemctl" is-enabled first
  [ "$status" -eq 1 ]
}

@test "an empty setting in a drop-in resets the ones before, as in systemd" {
  unit a.service $'[Service]\nType=oneshot\nExecStart=/bin/false'
  unit a.service.d/10.conf $'[Service]\nExecStart=\nExecStart=/bin/true'
  run "$systemctl" start a
  [ "$status" -eq 0 ]
}

@test "a timer does not run, and that is said" {
  unit a.timer $'[Timer]\nOnCalendar=daily'
  run "$systemctl" enable --now a.timer
  [ "$status" -eq 0 ]
  [[ $output == *"a.timer: timers do not run in the lab"* ]]
}

restarting() { # NAME PROGRAM ATTEMPTS
  printf '#!/bin/bash\n%s\n' "$2" >"$BATS_TEST_TMPDIR/$1"
  chmod +x "$BATS_TEST_TMPDIR/$1"
  unit "$1.service" $'[Unit]\nStartLimitIntervalSec=6h\nStartLimitBurst='"$3"$'\nOnFailure=given-up.service\n[Service]\nType=oneshot\nRestart=on-failure\nRestartSec=0\nExecStart='"$BATS_TEST_TMPDIR/$1"
  unit given-up.service $'[Service]\nType=oneshot\nExecStart=/usr/bin/touch '"$BATS_TEST_TMPDIR/given-up"
}

await_state() { # UNIT STATE
  local n
  for ((n = 0; n < 100; n++)); do
    [[ $("$systemctl" is-active "$1") != "$2" ]] || return 0
    sleep 0.1
  done
  echo "$1 is $("$systemctl" is-active "$1"), expected $2"
  return 1
}

@test "a oneshot with Restart=on-failure is tried again until it succeeds; --no-block does not wait" {
  restarting boot "echo . >>$BATS_TEST_TMPDIR/tries; ((\$(wc -l <$BATS_TEST_TMPDIR/tries) > 2))" 4
  run "$systemctl" start --no-block boot
  [ "$status" -eq 0 ]
  await_state boot active
  [ "$(wc -l <"$BATS_TEST_TMPDIR/tries")" -eq 3 ]
  [ ! -e "$BATS_TEST_TMPDIR/given-up" ]
}

@test "a start that waits answers with the first attempt" {
  restarting boot "echo . >>$BATS_TEST_TMPDIR/tries; ((\$(wc -l <$BATS_TEST_TMPDIR/tries) > 1))" 4
  run "$systemctl" start boot
  [ "$status" -eq 1 ]
  [[ $output == *"boot.service failed at its first attempt"* ]]
  await_state boot active
}

@test "at its limit a unit has failed, and what OnFailure= names runs" {
  restarting boot false 2
  run "$systemctl" start --no-block boot
  await_state boot failed
  for ((n = 0; n < 50; n++)); do [[ ! -e $BATS_TEST_TMPDIR/given-up ]] || break && sleep 0.1; done
  [ -e "$BATS_TEST_TMPDIR/given-up" ]
  run "$systemctl" reset-failed boot
  [ "$status" -eq 0 ]
  run "$systemctl" is-active boot
  [ "$output" = inactive ]
}

@test "a unit has the environment of its file, not that of the caller" {
  printf '# settings\nMETALS_SLOT=worker-1\n' >"$BATS_TEST_TMPDIR/node.env"
  printf '#!/bin/bash\nprintf "%%s %%s" "$METALS_SLOT" "${CALLER:-none}" >%s\n' "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/program"
  chmod +x "$BATS_TEST_TMPDIR/program"
  unit a.service $'[Service]\nType=oneshot\nEnvironmentFile='"$BATS_TEST_TMPDIR/node.env"$'\nExecStart='"$BATS_TEST_TMPDIR/program"
  CALLER=me run "$systemctl" start a
  [ "$status" -eq 0 ]
  [ "$(<"$BATS_TEST_TMPDIR/seen")" = 'worker-1 none' ]
}

@test "a directive that would be passed over is refused" {
  unit a.service $'[Service]\nType=oneshot\nUser=nobody\nExecStart=/bin/true'
  run "$systemctl" start a
  [ "$status" -eq 1 ]
  [[ $output == *"a.service has User=, which the lab does not know"* ]]
}

@test "what a drop-in of docker.service says to run before Docker stops is run, and its failure stops nothing" {
  unit docker.service.d/10.conf $'[Service]\nExecStop=/bin/false\nExecStop=-/usr/bin/mkdir '"$BATS_TEST_TMPDIR/left"
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/docker"
  chmod +x "$BATS_TEST_TMPDIR/bin/docker"
  export LAB_DOCKER_SOCKET=$BATS_TEST_TMPDIR/docker.sock
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$LAB_DOCKER_SOCKET"
  sleep 60 3>&- &
  printf '%s\n' "$!" >"$LAB_RUN/docker.supervisor"
  PATH="$BATS_TEST_TMPDIR/bin:$PATH" run "$systemctl" stop docker
  [ "$status" -eq 0 ]
  [ -d "$BATS_TEST_TMPDIR/left" ]
  [ ! -e "$LAB_RUN/docker.supervisor" ]
}

@test "a command before a stop is refused in any other unit: the lab would pass it over" {
  unit a.service $'[Service]\nType=oneshot\nExecStart=/bin/true\nExecStop=/bin/true'
  run "$systemctl" start a
  [ "$status" -eq 1 ]
  [[ $output == *"a.service has ExecStop=, which the lab does not know"* ]]
}
