#!/usr/bin/env bats
load helpers

# A manager without a majority, as Docker says it of itself; others answer on the Swarm's port where they are named.
cut_off() { # ADDRESS THAT ANSWERS…
  export SSM_Stage=lab METALS_RECOVERY_FILE="${BATS_TEST_TMPDIR}/recovery"
  node_is manager-1
  member_of c1
  stub curl <<'DONE'
case "$*" in
  *http://docker/info*) echo '{"Swarm":{"NodeAddr":"10.40.3.11","RemoteManagers":[{"Addr":"10.40.3.11:2377"},{"Addr":"10.40.4.12:2377"},{"Addr":"10.40.5.13:2377"}]}}' ;;
esac
DONE
  stub docker <<'DONE'
case "$*" in
  "node ls -q") [[ -e ${STDIN}/leader ]] || { echo 'The swarm does not have a leader' >&2; exit 1; } ;;
  "swarm init --force-new-cluster"*) touch "${STDIN}/leader" ;;
esac
DONE
  stub timeout <<DONE
for address in 10.40.3.11 $*; do [[ "\$*" != *"/dev/tcp/\${address}/2377"* ]] || exit 0; done
[[ "\$*" != *docker* ]] || exec docker node ls -q
[[ "\$*" == *cloud-init* ]] || exit 1
DONE
  recoveries ''
}

recoveries() { # JSON of parameters
  stub aws <<DONE
case "\$*" in
  *get-parameters-by-path*) echo '{"Parameters":[$1]}' ;;
  *get-parameter*swarm/claim*) echo 'initialised c1' ;;
esac
DONE
}
recovery() { printf '{"Name":"/metals/lab/swarm/recovery/%s","Value":"%s"}' "$1" "$2"; } # NUMBER VALUE

step() {
  export SSM_Step=$1
  run_document swarm-recover
}

@test "recovery is refused while a majority answers" {
  cut_off
  touch "${STDIN}/leader"
  step claim
  assert_status 1
  assert_output "a majority of the managers answers: there is nothing to recover"
  refute_call put-parameter
}

@test "recovery is refused while a majority is up, though it has no leader" {
  cut_off 10.40.4.12
  step claim
  assert_status 1
  assert_output "2 of 3 managers answer on port 2377, which is a majority, and yet they have no leader"
  refute_call put-parameter
}

@test "a manager claims the next number, and then goes on alone" {
  cut_off
  step claim
  assert_status 0
  assert_output "1 of 3 managers answer on port 2377; silent: 10.40.4.12 10.40.5.13"
  assert_call "put-parameter --name /metals/lab/swarm/recovery/1 --type String --value manager-1 vol-1"
  refute_call "swarm init"
  recoveries "$(recovery 1 'manager-1 vol-1')"
  step recover
  assert_status 0
  assert_call "docker swarm init --force-new-cluster --advertise-addr 10.40.3.11"
  [[ $(<"${METALS_RECOVERY_FILE}") == '1 recovered' ]]
  : >"${CALLS}"
  step recover
  assert_status 0
  refute_call "swarm init"
}

@test "a claim that was interrupted keeps its number; a later majority that is lost takes the next one" {
  cut_off
  recoveries "$(recovery 1 'manager-1 vol-1')"
  step claim
  assert_status 0
  refute_call put-parameter
  [[ $(<"${METALS_RECOVERY_FILE}") == '1 claimed' ]]
  step claim
  refute_call put-parameter
  echo '1 recovered' >"${METALS_RECOVERY_FILE}"
  step claim
  assert_status 0
  assert_call "put-parameter --name /metals/lab/swarm/recovery/2"
}

@test "of two managers one claims" {
  cut_off
  recoveries "$(recovery 1 'manager-2 vol-2')"
  step claim
  assert_status 1
  assert_output "manager-2 has claimed recovery 1; what manager-1 knows of the Swarm is from before"
  recoveries ''
  mv "${BATS_TEST_TMPDIR}/bin/aws" "${BATS_TEST_TMPDIR}/bin/read"
  stub aws <<<'[[ $* != *put-parameter* ]] || { echo "An error occurred (ParameterAlreadyExists)" >&2; exit 254; }; exec read "$@"'
  step claim
  assert_status 1
  assert_output "another manager has claimed recovery 1 meanwhile"
  step recover
  assert_status 1
  assert_output "manager-1 has not claimed a recovery; the last one is 0 nobody"
  refute_call "swarm init"
}

@test "a worker is no manager" {
  cut_off
  node_is worker-1
  step claim
  assert_status 1
  assert_output "only a manager can go on alone; this node is worker-1"
}

@test "a node of no Swarm, or of another one, cannot go on" {
  cut_off
  rm "${METALS_SWARM_FOLDER}/certificates/swarm-node.crt"
  step claim
  assert_status 1
  assert_output "manager-1 is a member of no Swarm, and the one of stage lab is c1"
  member_of c0
  step recover
  assert_status 1
  assert_output "manager-1 is a member of c0, and the one of stage lab is c1"
  refute_call put-parameter
  refute_call "swarm init"
}

@test "a claim is withdrawn where a majority is back, and its number is not used again" {
  cut_off
  step claim
  recoveries "$(recovery 1 'manager-1 vol-1')"
  touch "${STDIN}/leader"
  step claim
  assert_status 1
  assert_call "put-parameter --name /metals/lab/swarm/recovery/1 --type String --value withdrawn --overwrite"
  rm "${STDIN}/leader"
  recoveries "$(recovery 1 withdrawn)"
  step claim
  assert_status 0
  assert_call "put-parameter --name /metals/lab/swarm/recovery/2 --type String --value manager-1 vol-1"
}

@test "nothing is claimed, and nobody goes on, where the numbers cannot be read" {
  cut_off
  mv "${BATS_TEST_TMPDIR}/bin/aws" "${BATS_TEST_TMPDIR}/bin/allowed"
  stub aws <<<'[[ $* != *by-path* ]] || { echo "An error occurred (ValidationException)" >&2; exit 254; }; exec allowed "$@"'
  echo '1 claimed' >"${METALS_RECOVERY_FILE}"
  local each
  for each in claim recover; do
    step "${each}"
    [[ ${status} != 0 ]]
  done
  refute_call put-parameter
  refute_call "swarm init"
  [[ $(<"${METALS_RECOVERY_FILE}") == '1 claimed' ]]
}

interrupted() { echo '1 claimed' >"${METALS_RECOVERY_FILE}" && touch "${METALS_RECOVERY_FILE}.begun"; }

@test "a recovery that was cut off once it had happened is never withdrawn, whoever has joined since" {
  cut_off
  recoveries "$(recovery 1 'manager-1 vol-1')"
  interrupted
  touch "${STDIN}/leader"
  step recover
  assert_status 0
  [[ $(<"${METALS_RECOVERY_FILE}") == '1 recovered' ]]
  interrupted
  step claim
  assert_status 1
  [[ $(<"${METALS_RECOVERY_FILE}") == '1 recovered' && ! -e ${METALS_RECOVERY_FILE}.begun ]]
  refute_call put-parameter
  refute_call "swarm init"
  # Cut off before it had happened, it happens.
  rm "${STDIN}/leader"
  interrupted
  step recover
  assert_status 0
  assert_call "swarm init --force-new-cluster"
}
