#!/usr/bin/env bats
load helpers

secrets_manager() { # SECRET STRING as JSON text
  stub aws <<EOF
case "\$*" in
  *describe-secret*) echo '{"VersionIdsToStages":{"0123456789abcdef":["AWSCURRENT"],"ffffffff":["AWSPREVIOUS"]}}' ;;
  *get-secret-value*) jq -n --arg s '$1' '{SecretString: \$s}' ;;
esac
EOF
}

docker_has() { # NAME…
  same_value_is ''
  stub docker <<EOF
case "\$*" in
  "secret inspect "*) [[ " $* " == *" \$3 "* ]] ;;
  "secret create "*) cat >"\${STDIN}/secret" ;;
esac
EOF
}

# Which secret of the Swarm has the value that is asked for.
same_value_is() { # NAME
  export SAME=$1
  stub curl <<<'[[ -z ${SAME} ]] && echo "[]" || echo "[{\"Spec\":{\"Name\":\"${SAME}\"}}]"'
}

@test "a principal whose password is not new keeps its secret, so that nobody who uses it is restarted" {
  export SSM_Secrets='kafka-password/admin=metals/lab/kafka-password' SSM_Versions=none
  secrets_manager '{"admin":"p4ssw0rd"}' && docker_has
  same_value_is kafka-password-admin-ffffffff
  run_document secrets-sync
  assert_status 0
  assert_output "would have the value of kafka-password-admin-ffffffff, which stays"
  refute_call "secret create"
}

@test "the digest by which a value is known tells principals apart, and is not of the value alone" {
  export SSM_Secrets='kafka-password/admin=metals/lab/kafka-password,kafka-password/producer=metals/lab/kafka-password' SSM_Versions=none
  secrets_manager '{"admin":"p4ssw0rd","producer":"p4ssw0rd"}' && docker_has
  run_document secrets-sync
  assert_status 0
  [[ $(grep -o 'com.metals.digest=[0-9a-f]\{64\} ' "${CALLS}" | sort -u | wc -l) == 2 ]]
  refute_call "$(printf p4ssw0rd | sha256sum | cut -c 1-64)"
}

@test "a principal's value goes through a pipe and nowhere else" {
  export SSM_Secrets='kafka-password/admin=metals/lab/kafka-password' SSM_Versions=none
  secrets_manager '{"admin":"p4ssw0rd"}' && docker_has
  run_document secrets-sync
  assert_status 0
  [[ $(cat "${STDIN}/secret") == p4ssw0rd ]]
  refute_call p4ssw0rd
  [[ ${output} != *p4ssw0rd* ]]
  assert_call "com.metals.secret=metals/lab/kafka-password "
  assert_call " kafka-password-admin-01234567 -"
}

@test "a plain value has no line break at its end" {
  export SSM_Secrets='api-key=metals/lab/api-key' SSM_Versions=none
  secrets_manager 'k3y' && docker_has
  run_document secrets-sync
  assert_status 0
  [[ $(od -An -c "${STDIN}/secret" | tr -d ' ') == k3y ]]
}

@test "a version that is here is not made again" {
  export SSM_Secrets='api-key=metals/lab/api-key' SSM_Versions=none
  secrets_manager 'k3y' && docker_has api-key-01234567
  run_document secrets-sync
  assert_status 0
  refute_call "secret create"
}

@test "a principal without a value fails, and names the secret" {
  export SSM_Secrets='kafka-password/producer=metals/lab/kafka-password' SSM_Versions=none
  secrets_manager '{"admin":"p4ssw0rd"}' && docker_has
  run_document secrets-sync
  [[ ${status} != 0 ]]
  assert_output "the secret has no value for producer"
  [[ ${output} != *p4ssw0rd* ]]
}

@test "a secret without a current version fails before anything is made" {
  export SSM_Secrets='api-key=metals/lab/api-key' SSM_Versions=none
  stub aws <<<"echo '{\"VersionIdsToStages\":{\"ffffffff\":[\"AWSPREVIOUS\"]}}'"
  docker_has
  run_document secrets-sync
  [[ ${status} != 0 ]]
  assert_output "secret metals/lab/api-key has no current version"
  refute_call "secret create"
}
