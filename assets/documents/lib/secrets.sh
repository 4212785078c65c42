#!/bin/bash
# Versions of secrets; never their values.

# The id of the version that is current in Secrets Manager.
current_version() { # SECRET_ID
  local version
  version=$(aws secretsmanager describe-secret --secret-id "$1" --output json |
    jq -r '.VersionIdsToStages | to_entries[] | select(.value | index("AWSCURRENT")) | .key')
  [[ -n ${version} ]] || fail "secret $1 has no current version" "aws secretsmanager describe-secret --secret-id $1"
  echo "${version}"
}
