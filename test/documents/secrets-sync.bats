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

# What was made of the secret, by stdin of `docker secret create`.
login_becomes() { # KEY SECRET STRING as JSON text
  export SSM_Secrets="$1=metals/lab/${1%%/*}" SSM_Versions=none
  secrets_manager "$2" && docker_has
  run_document secrets-sync
  assert_status 0
  cat "${STDIN}/secret"
}

@test "one login of somebody else's Kafka is that of every principal" {
  [[ $(login_becomes kafka-login/producer '{"username":"metals","password":"p4ss"}') == '{"username":"metals","password":"p4ss"}' ]]
}

@test "a login for each principal is that principal's" {
  logins='{"admin":{"username":"a","password":"1"},"producer":{"username":"p","password":"2"}}'
  [[ $(login_becomes kafka-login/producer "${logins}") == '{"username":"p","password":"2"}' ]]
}

@test "a URI of MongoDB is that of every principal, or there is one for each" {
  [[ $(login_becomes mongodb-uri/processor 'mongodb+srv://u:p@h.example.com/') == 'mongodb+srv://u:p@h.example.com/' ]]
  uris='{"admin":"mongodb://a:1@h/","processor":"mongodb://p:2@h/"}'
  [[ $(login_becomes mongodb-uri/processor "${uris}") == 'mongodb://p:2@h/' ]]
}

@test "a principal without a login is named" {
  export SSM_Secrets='kafka-login/processor=metals/lab/kafka-login' SSM_Versions=none
  secrets_manager '{"admin":{"username":"a","password":"s3cret"}}' && docker_has
  run_document secrets-sync
  [[ ${status} != 0 ]]
  assert_output "the secret has no value for processor"
  [[ ${output} != *s3cret* ]]
}

@test "passwords that are no JSON are not repeated" {
  export SSM_Secrets='kafka-password/admin=metals/lab/kafka-password' SSM_Versions=none
  secrets_manager 's3cret' && docker_has
  run_document secrets-sync
  [[ ${status} != 0 ]]
  assert_output "the secret is no JSON object"
  [[ ${output} != *s3cret* ]]
}

@test "a login that nobody has put there is asked for, with the command" {
  export SSM_Secrets='mongodb-uri/admin=metals/lab/mongodb-uri' SSM_Versions=none
  docker_has
  stub aws <<<'echo "An error occurred (ResourceNotFoundException) when calling the DescribeSecret operation" >&2; exit 254'
  run_document secrets-sync
  [[ ${status} != 0 ]]
  assert_output "error: secret metals/lab/mongodb-uri is not in Secrets Manager, or may not be read"
  assert_output "next: put the URI of that MongoDB there, as docs/growing.md says: aws secretsmanager create-secret --name metals/lab/mongodb-uri"
}
