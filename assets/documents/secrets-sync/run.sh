#!/bin/bash
# Each value goes from Secrets Manager through a pipe into a Docker secret: never on disk, never an argument, never printed.
# A Docker secret cannot change, so its name carries the first eight characters of the version's id.
require_parameters Secrets Versions
take_lock secrets
log "asked for with versions ${SSM_Versions}"

create_secret() { # NAME SECRET_ID PRINCIPAL, the answer of Secrets Manager on stdin
  jq -j --arg principal "$3" '
      if $principal == "" then .SecretString
      else .SecretString | fromjson | .[$principal] // error("the secret has no value for " + $principal)
      end' |
    docker secret create --label com.metals.pipeline=true --label "com.metals.secret=$2" "$1" - >/dev/null ||
    fail "secret $1 could not be made from $2" "aws secretsmanager describe-secret --secret-id $2"
}

# Asks for the value once, and only if one of its Docker secrets is missing.
sync_secret() { # SECRET_ID KEY…
  local secret_id=$1 version key name principal value=''
  shift
  version=$(current_version "${secret_id}")
  for key in "$@"; do
    name="${key//\//-}-${version:0:8}"
    if docker secret inspect "${name}" >/dev/null 2>&1; then
      log "${name} is here"
      continue
    fi
    principal=''
    [[ ${key} != */* ]] || principal=${key#*/}
    [[ -n ${value} ]] || value=$(aws secretsmanager get-secret-value --secret-id "${secret_id}" --version-id "${version}" --output json)
    # printf is of the shell itself: its arguments are in no process list.
    printf '%s' "${value}" | create_secret "${name}" "${secret_id}" "${principal}"
    log "${name} is made"
  done
}

pairs=${SSM_Secrets//,/$'\n'}
while read -r secret_id; do
  mapfile -t keys < <(awk -F = -v id="${secret_id}" '$2 == id { print $1 }' <<<"${pairs}")
  sync_secret "${secret_id}" "${keys[@]}"
done < <(cut -d = -f 2 <<<"${pairs}" | sort -u)
