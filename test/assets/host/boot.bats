#!/usr/bin/env bats
load helpers

group_is() { # STATUS [what signal-resource does]
  stub aws <<EOF
case "\$*" in
  *describe-stack-resources*) echo $1 ;;
  *signal-resource*) ${2:-true} ;;
esac
EOF
}

# docker whose Swarm is as the first argument says; `node ls` does what the second says.
swarm_is() { # JSON [COMMAND]
  stub docker <<EOF
case "\$*" in
  "info --format json") echo '{"Swarm":$1}' ;;
  "node ls -q") ${2:-true} ;;
esac
EOF
}

was_in_a_swarm() {
  mkdir -p "${METALS_DATA_ROOT}/swarm"
  echo '{}' >"${METALS_DATA_ROOT}/swarm/docker-state.json"
}

@test "packages are asked for again until the repositories answer" {
  stub dnf <<<'echo . >>"${CALLS}.tries"; (($(wc -l <"${CALLS}.tries") > 2)) || { echo "Curl error (28): Timeout"; exit 1; }'
  boot 'missing_packages() { echo docker; }; install_packages'
  assert_status 0
  assert_output "installing docker: Curl error (28): Timeout"
  [[ $(grep -c 'dnf install -y -q docker' "${CALLS}") == 3 ]]
}

@test "a kernel without ESP stops a node that must encrypt, and no other" {
  stub modprobe </dev/null
  stub iptables </dev/null
  stub ip <<<'exit 2'
  boot check_encryption
  assert_status 1
  assert_output "lacks ESP with AES-GCM, which encrypted overlay networks need (for ESP: look for 'blacklist esp4'"
  export METALS_OVERLAY_ENCRYPTION=probe
  boot check_encryption
  assert_status 0
  assert_output "overlayEncryption=probe, so that is not an error"
}

@test "a kernel whose iptables has no match bpf stops a node that must encrypt; the probe leaves nothing" {
  stub modprobe <<<'exit 1'
  stub ip </dev/null
  stub iptables <<<'case "$*" in *bytecode*) exit 2 ;; esac'
  boot check_encryption
  assert_status 1
  assert_output "lacks iptables' match bpf, which encrypted overlay networks need (for the match bpf: another machine image,"
  assert_output "kernel-modules-extra of its kernel; or deploy with -c overlayEncryption=off)"
  assert_call "iptables -w -t mangle -X METALS-PROBE"
}

@test "a security association that a killed probe has left is not taken for a kernel that cannot encrypt" {
  stub modprobe </dev/null
  stub iptables </dev/null
  touch "${CALLS}.association"
  stub ip <<'EOF'
case "$*" in
  *add*) [[ ! -e ${CALLS}.association ]] && touch "${CALLS}.association" || { echo 'RTNETLINK answers: File exists' >&2 && exit 2; } ;;
  *delete*) rm "${CALLS}.association" ;;
esac
EOF
  boot check_encryption
  assert_status 0
  [[ ! -e ${CALLS}.association ]]
}

@test "what a kernel has built in needs no module" {
  stub modprobe <<<'exit 1'
  stub ip </dev/null
  stub iptables </dev/null
  boot check_encryption
  assert_status 0
}

@test "an update goes on only when the node is back in the Swarm" {
  was_in_a_swarm && group_is UPDATE_IN_PROGRESS && swarm_is '{"LocalNodeState":"pending","Error":""}'
  boot await_swarm
  assert_status 1
  assert_output "waiting for the Swarm: not within 1 s: the state of this node is pending"
  swarm_is '{"LocalNodeState":"active"}'
  boot await_swarm
  assert_status 0
}

@test "an update goes on after a manager only while a quorum answers" {
  export METALS_ROLE=manager
  was_in_a_swarm && group_is UPDATE_IN_PROGRESS
  swarm_is '{"LocalNodeState":"active","ControlAvailable":true}' 'echo "The swarm does not have a leader" >&2; exit 1'
  boot await_swarm
  assert_status 1
  assert_output "The swarm does not have a leader"
  swarm_is '{"LocalNodeState":"active","ControlAvailable":false}'
  boot await_swarm
  assert_status 1
  assert_output "this node is no manager"
}

@test "a Swarm that failed at Docker's first try gets a second one" {
  was_in_a_swarm && group_is UPDATE_IN_PROGRESS && swarm_is '{"LocalNodeState":"error","Error":"bad certificate"}'
  boot await_swarm
  assert_status 1
  assert_call "systemctl restart docker.service"
  assert_output "the state of this node is error bad certificate"
}

@test "a group that is being created does not wait for a Swarm whose other managers come later" {
  was_in_a_swarm && group_is CREATE_IN_PROGRESS && swarm_is '{"LocalNodeState":"pending"}'
  boot await_swarm
  assert_status 0
}

@test "CloudFormation is told by name of group and instance, and again if it does not answer" {
  group_is UPDATE_IN_PROGRESS 'echo . >>"${CALLS}.tries"; (($(wc -l <"${CALLS}.tries") > 1)) || { echo Throttling >&2; exit 254; }'
  boot 'signal SUCCESS'
  assert_status 0
  assert_output "telling CloudFormation SUCCESS for SlotGroup: Throttling"
  assert_call "signal-resource --stack-name metals-test-swarm --logical-resource-id SlotGroup --unique-id i-new --status SUCCESS"
}

@test "outside a deployment nobody is told" {
  group_is UPDATE_COMPLETE
  boot 'signal SUCCESS'
  assert_status 0
  assert_output "SlotGroup is UPDATE_COMPLETE: nobody waits for a signal"
  refute_call signal-resource
}

@test "a boot that failed for good ends the deployment and has the instance replaced" {
  group_is UPDATE_IN_PROGRESS
  run bash "${ROOT}/assets/host/boot-failed.sh"
  assert_status 0
  assert_call "--status FAILURE"
  assert_call "aws autoscaling set-instance-health --instance-id i-new --health-status Unhealthy --no-should-respect-grace-period"
}

@test "a wait ends at its deadline, with the last reason" {
  boot 'not_yet() { echo "2 of 3" && return 1; }; wait_until 0 "waiting" not_yet'
  assert_status 1
  assert_output "boot: error: waiting: not within 0 s: 2 of 3"
}

@test "the attempts of a boot wait for the same end, whoever began, and a boot that is over leaves none" {
  export METALS_BOOT_END="${BATS_TEST_TMPDIR}/run/boot-end" METALS_BOOT_SECONDS=0
  boot 'not_yet() { echo "2 of 3" && return 1; }; limit_waits; wait_until 600 "waiting" not_yet'
  assert_status 1
  assert_output "boot: error: waiting: not within 0 s, which is all that the attempts of this boot have left: 2 of 3"
  # The second attempt has no time of its own.
  METALS_BOOT_SECONDS=600 boot 'not_yet() { echo "2 of 3" && return 1; }; limit_waits; wait_until 600 "waiting" not_yet'
  assert_status 1
  assert_output "not within 0 s"
  group_is UPDATE_IN_PROGRESS
  run bash "${ROOT}/assets/host/boot-failed.sh"
  [[ ! -e ${METALS_BOOT_END} ]]
  # Longer than the wait itself: nothing is cut.
  METALS_BOOT_SECONDS=600 boot 'not_yet() { echo "2 of 3" && return 1; }; limit_waits; wait_until 0 "waiting" not_yet'
  assert_output "boot: error: waiting: not within 0 s: 2 of 3"
}

@test "all attempts and the message of their failure fit into the time that CloudFormation waits for a slot" {
  minutes=$(sed -n "s/^const READY_TIMEOUT = 'PT\([0-9]*\)M';$/\1/p" "${ROOT}/lib/constructs/node-slot.ts")
  waits=$(sed -n 's/^BOOT_SECONDS=.*:-\([0-9]*\)}"$/\1/p' "${ROOT}/assets/host/lib/common.sh")
  unit="${ROOT}/assets/host/units/metals-boot.service"
  attempts=$(sed -n 's/^StartLimitBurst=\([0-9]*\)$/\1/p' "${unit}")
  pause=$(sed -n 's/^RestartSec=\([0-9]*\)s$/\1/p' "${unit}")
  message=$(sed -n 's/^  wait_until \([0-9]*\) "telling CloudFormation .*/\1/p' "${ROOT}/assets/host/lib/deployment.sh")
  [[ ${minutes}/${waits}/${attempts}/${pause}/${message} =~ ^[0-9]+(/[0-9]+){4}$ ]]
  seconds=$((waits + (attempts - 1) * pause + message))
  # One minute from the launch until the boot begins.
  ((seconds + 60 <= minutes * 60)) || { echo "${seconds} s and a minute, of ${minutes} minutes" && return 1; }
}

@test "user data ends as the boot ends, however often that is tried" {
  stub journalctl <<<'echo "boot: error: the reason"'
  stub sleep </dev/null
  stub systemctl <<'EOS'
[[ $1 == is-active ]] || exit 0
echo . >>"${CALLS}.looks"
if (($(wc -l <"${CALLS}.looks") < 3)); then echo activating && exit 3; fi
echo "${FINAL}" && [[ ${FINAL} == active ]]
EOS
  export FINAL=active
  run bash "${ROOT}/assets/host/user-data.sh"
  assert_status 0
  assert_call "systemctl enable metals-boot.service"
  rm "${CALLS}.looks"
  export FINAL=failed
  run bash "${ROOT}/assets/host/user-data.sh"
  assert_status 1
  assert_output "metals-boot.service is failed"
  assert_output "boot: error: the reason"
}

@test "the units are ones that systemd takes" {
  needs systemd-analyze systemd
  units="${BATS_TEST_TMPDIR}/units"
  cp -r "${ROOT}/assets/host/units" "${units}"
  # The programs are not on this machine.
  sed -i -E 's#^(Exec(Start|Stop)=-?)/usr/local/.*#\1/bin/true#' "${units}"/*.service "${units}"/*.d/*.conf
  printf '[Service]\nExecStart=/bin/true\n' >"${units}/docker.service"
  run env SYSTEMD_UNIT_PATH="${units}:" systemd-analyze verify --man=no "${units}"/*.service
  assert_status 0
  [[ -z ${output} ]] || { echo "${output}" && return 1; }
}

@test "a unit that systemd would not take is noticed" {
  needs systemd-analyze systemd
  printf '[Service]\nType=oneshot\nExecStart=/bin/true\nRestart=always\n' >"${BATS_TEST_TMPDIR}/bad.service"
  run systemd-analyze verify --man=no "${BATS_TEST_TMPDIR}/bad.service"
  [[ ${status} != 0 || -n ${output} ]]
}

managers_are() { # RECOVERIES, as JSON of parameters
  export METALS_ROLE=manager METALS_MANAGERS=3
  stub aws <<EOF
case "\$*" in
  *get-parameters-by-path*) echo '{"Parameters":[$1]}' ;;
esac
EOF
}

recovery() { printf '{"Name":"/metals/test/swarm/recovery/%s","Value":"%s"}' "$1" "$2"; } # NUMBER VALUE

keeps_its_swarm() { [[ -e ${METALS_DATA_ROOT}/swarm/docker-state.json ]]; }

@test "a manager that was away while the others were given up forgets the Swarm, once" {
  was_in_a_swarm && managers_are "$(recovery 10 'manager-1 vol-1'),$(recovery 9 withdrawn)"
  boot forget_given_up_swarm
  assert_status 0
  assert_output "the Swarm went on without this manager (recovery 10)"
  [[ ! -e ${METALS_DATA_ROOT}/swarm ]]
  was_in_a_swarm
  boot forget_given_up_swarm
  assert_status 0
  keeps_its_swarm
}

@test "a manager keeps what it knows where nobody went on, or it itself, even if it was cut off before it had noted that" {
  was_in_a_swarm
  local numbers
  for numbers in '' "$(recovery 1 withdrawn)" "$(recovery 1 "manager-2 ${METALS_DATA_VOLUME_ID}")"; do
    rm -f "${METALS_DATA_ROOT}/metals-recovery"
    managers_are "${numbers}"
    boot forget_given_up_swarm
    assert_status 0
    keeps_its_swarm
  done
  [[ $(<"${METALS_DATA_ROOT}/metals-recovery") == '1 claimed' ]]
}

@test "a manager that cannot learn whether it was given up does not go on; a worker, or the only manager, does not ask" {
  was_in_a_swarm && managers_are ''
  stub aws <<<'echo "Could not connect to the endpoint URL" >&2; exit 255'
  export METALS_BOOT_END="${BATS_TEST_TMPDIR}/boot-end" METALS_BOOT_SECONDS=1
  boot 'limit_waits; forget_given_up_swarm; echo went on'
  assert_status 1
  assert_output "asking for recoveries of the Swarm: not within"
  [[ ${output} != *"went on"* ]]
  : >"${CALLS}"
  METALS_MANAGERS=1 boot forget_given_up_swarm
  METALS_ROLE=worker boot forget_given_up_swarm
  assert_status 0
  refute_call aws
}
