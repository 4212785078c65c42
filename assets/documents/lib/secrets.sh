#!/bin/bash
# From Secrets Manager into the Swarm. Each value goes through a pipe into a Docker secret: never on disk, never an
# argument, never printed. A Docker secret cannot change, so its name ends with the start of the version's id.

# Docker names: eight characters of a hash or of a version tell two apart.
SHORT=8

# The id of the version that is current in Secrets Manager.
current_version() { # SECRET_ID
  local version
  version=$(granted aws secretsmanager describe-secret --secret-id "$1" --output json |
    jq -r '.VersionIdsToStages | to_entries[] | select(.value | index("AWSCURRENT")) | .key')
  [[ -n ${version} ]] || fail "secret $1 has no current version" "aws secretsmanager describe-secret --secret-id $1"
  echo "${version}"
}

has_secret() { docker secret inspect "$1" >/dev/null 2>&1; }

# Two documents may make the same secret at the same time: whoever comes second finds it there.
create_secret() { # NAME SECRET_ID PRINCIPAL, the answer of Secrets Manager on stdin
  jq -j --arg principal "$3" '
      if $principal == "" then .SecretString
      else .SecretString | fromjson | .[$principal] // error("the secret has no value for " + $principal)
      end' |
    docker secret create --label com.metals.pipeline=true --label "com.metals.secret=$2" "$1" - >/dev/null ||
    has_secret "$1" ||
    fail "secret $1 could not be made from $2" "aws secretsmanager describe-secret --secret-id $2"
}

# Brings the current version of a secret into the Swarm, and leaves its id in SYNCED_VERSION. Asks for the value once, and
# only if one of its Docker secrets is missing. A key is NAME, or NAME/PRINCIPAL.
sync_secret() { # SECRET_ID KEY…
  local secret_id=$1 key name principal value=''
  shift
  SYNCED_VERSION=$(current_version "${secret_id}")
  for key in "$@"; do
    name="${key//\//-}-${SYNCED_VERSION:0:SHORT}"
    if has_secret "${name}"; then
      log "${name} is here"
      continue
    fi
    principal=''
    [[ ${key} != */* ]] || principal=${key#*/}
    [[ -n ${value} ]] || value=$(granted aws secretsmanager get-secret-value --secret-id "${secret_id}" --version-id "${SYNCED_VERSION}" --output json)
    # printf is of the shell itself: its arguments are in no process list.
    printf '%s' "${value}" | create_secret "${name}" "${secret_id}" "${principal}"
    log "${name} is made"
  done
}
