#!/bin/bash
# From Secrets Manager into the Swarm. Each value goes through a pipe into a Docker secret: never on disk, never an
# argument, never printed. A Docker secret cannot change, so its name ends with the start of the version's id.

# Docker names: eight characters of a hash or of a version tell two apart.
SHORT=8

# By key, NAME or NAME/PRINCIPAL: how the name of its Docker secret ends.
declare -A SYNCED=()

labels_of() { granted aws secretsmanager describe-secret --secret-id "$1" --output json; } # SECRET_ID

# What to do about a secret that is not there: those of engines of somebody else are their owner's to make.
next_for_secret() { # SECRET_ID
  case $1 in
    */kafka-login) echo "put a user of that Kafka there, as docs/growing.md says: aws secretsmanager create-secret --name $1 --secret-string file://FILE, with {\"username\": \"...\", \"password\": \"...\"} in FILE" ;;
    */mongodb-uri) echo "put the URI of that MongoDB there, as docs/growing.md says: aws secretsmanager create-secret --name $1 --secret-string file://FILE, with mongodb+srv://USER:PASSWORD@HOST/ in FILE" ;;
    *) echo "aws secretsmanager describe-secret --secret-id $1" ;;
  esac
}

# The id of the version that is current in Secrets Manager.
current_version() { # SECRET_ID
  local described version
  described=$(labels_of "$1") ||
    fail "secret $1 is not in Secrets Manager, or may not be read: the line above says which" "$(next_for_secret "$1")"
  version=$(jq -r '.VersionIdsToStages | to_entries[] | select(.value | index("AWSCURRENT")) | .key' <<<"${described}")
  [[ -n ${version} ]] || fail "secret $1 has no current version" "aws secretsmanager describe-secret --secret-id $1"
  echo "${version}"
}

# The id of the version that is to become current; nothing where there is none. One that has become current may keep its label.
pending_version() { # SECRET_ID
  labels_of "$1" | jq -r 'first(.VersionIdsToStages | to_entries[] | select(.value | index("AWSPENDING") and (index("AWSCURRENT") | not)) | .key)'
}

has_secret() { docker secret inspect "$1" >/dev/null 2>&1; }

docker_name() { echo "${1//\//-}-$2"; } # KEY VERSION

# The value of one key, from the answer of Secrets Manager on stdin. An engine of somebody else may have one login for all
# principals: a user with a password, or a URI. What jq says of a text that is no JSON would repeat it; a list
# around the attempt, because jq before 1.7 would take errors after it for its own.
value_of() { # PRINCIPAL, or nothing where the secret is one value [login]
  jq -j --arg principal "$1" --arg kind "${2:-}" '
      .SecretString as $text
      | def value: .[$principal] // error("the secret has no value for " + $principal);
      if $principal == "" then $text
      else [$text | fromjson?][0] as $read
      | if ($read | type) == "object" and ($kind != "login" or ($read | has("username") | not))
        then $read | value | if type == "object" then tojson else . end
        elif $kind == "login" then $text
        else error("the secret is no JSON object") end
      end'
}

# Whether a key is one that the owner of an engine fills.
kind_of() { # KEY
  case $1 in kafka-login/* | mongodb-uri/*) echo login ;; esac
}

# By it another version is known to hold the same value. Whoever may read it in the Swarm may read the secret as well.
digest_of() { # KEY, its value on stdin
  { printf '%s\n' "$1" && cat; } | sha256sum | cut -d ' ' -f 1
}

secret_with_digest() { # DIGEST: its name; nothing where there is none
  docker_query /secrets "{\"label\":[\"com.metals.digest=$1\"]}" | jq -r '.[0].Spec.Name // empty'
}

# Two documents may make the same secret at the same time: whoever comes second finds it there.
create_secret() { # NAME SECRET_ID DIGEST, the value on stdin
  docker secret create --label com.metals.pipeline=true --label "com.metals.secret=$2" --label "com.metals.digest=$3" "$1" - >/dev/null ||
    has_secret "$1" ||
    fail "secret $1 could not be made from $2" "aws secretsmanager describe-secret --secret-id $2"
}

# Brings one version of a secret into the Swarm, and leaves in SYNCED how the names of its Docker secrets end. A value that
# an earlier version has as well keeps its Docker secret, so that nobody who uses it is restarted: of several principals in
# one secret, those alone whose password is new. Asks for the value once, and only if a Docker secret is missing.
# shellcheck disable=SC2034 # SYNCED is read by the document and by rotation.sh
sync_version() { # SECRET_ID VERSION KEY…
  local secret_id=$1 version=$2 key name principal digest same value=''
  shift 2
  for key in "$@"; do
    SYNCED[${key}]=${version:0:SHORT}
    name=$(docker_name "${key}" "${version:0:SHORT}")
    if has_secret "${name}"; then
      log "${name} is here"
      continue
    fi
    principal=''
    [[ ${key} != */* ]] || principal=${key#*/}
    [[ -n ${value} ]] || value=$(granted aws secretsmanager get-secret-value --secret-id "${secret_id}" --version-id "${version}" --output json)
    # printf is of the shell itself: its arguments are in no process list.
    digest=$(printf '%s' "${value}" | value_of "${principal}" "$(kind_of "${key}")" | digest_of "${key}")
    same=$(secret_with_digest "${digest}")
    if [[ -n ${same} ]]; then
      SYNCED[${key}]=${same##*-}
      log "${name} would have the value of ${same}, which stays"
      continue
    fi
    printf '%s' "${value}" | value_of "${principal}" "$(kind_of "${key}")" | create_secret "${name}" "${secret_id}" "${digest}"
    log "${name} is made"
  done
}

# Brings the current version of a secret into the Swarm.
sync_secret() { # SECRET_ID KEY…
  local version
  version=$(current_version "$1")
  sync_version "$1" "${version}" "${@:2}"
}
