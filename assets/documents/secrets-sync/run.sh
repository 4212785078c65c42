#!/bin/bash
# Each value goes from Secrets Manager through a pipe into a Docker secret: never on disk, never an argument, never printed.
# A Docker secret cannot change, so its name carries the first eight characters of the version's id.
require_parameters Secrets Versions
take_lock secrets
log "asked for with versions ${SSM_Versions:-none}"

create_secret() { # NAME VERSION SECRET_ID PRINCIPAL
  aws secretsmanager get-secret-value --secret-id "$3" --version-id "$2" --output json |
    jq -j --arg principal "$4" '
      if $principal == "" then .SecretString
      else .SecretString | fromjson | .[$principal] // error("the secret has no value for " + $principal)
      end' |
    docker secret create --label com.metals.pipeline=true --label "com.metals.secret=$3" "$1" - >/dev/null ||
    fail "secret $1 could not be made from $3" "aws secretsmanager describe-secret --secret-id $3"
}

for pair in ${SSM_Secrets//,/ }; do
  key=${pair%%=*} secret_id=${pair#*=}
  principal=''
  [[ ${key} != */* ]] || principal=${key#*/}
  version=$(current_version "${secret_id}")
  name="${key//\//-}-${version:0:8}"
  if docker secret inspect "${name}" >/dev/null 2>&1; then
    log "${name} is here"
  else
    create_secret "${name}" "${version}" "${secret_id}" "${principal}"
    log "${name} is made"
  fi
done
