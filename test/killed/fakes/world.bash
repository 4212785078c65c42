# The world that the stand-ins share: objects as files of one line of JSON under ${WORLD}/swarm, one folder for each kind.
# shellcheck disable=SC2154 # WORLD, CALLS and DAEMON_TMP are of the test
SWARM="${WORLD}/swarm"
# The stand-ins themselves use the real cat and sed.
PATH=${PATH#"${BASH_SOURCE[0]%/*}:"}

called() { printf '%s\n' "$*" >>"${CALLS}"; }

# A daemon's change is there whole or not at all, whenever its caller is killed. DAEMON_TMP is outside the world.
put() { # FILE, content on stdin
  local new="${DAEMON_TMP}/$$.${RANDOM}"
  cat >"${new}" && mv "${new}" "$1"
}

change() { # FILE, then arguments of jq
  local file=$1
  shift
  jq -c "$@" "${file}" | put "${file}"
}

# All objects of a kind that hold each of the texts, as a list.
list() { # KIND TEXT…
  local kind=$1 files text
  shift
  mapfile -t files < <(files_with "${1:-}" "${SWARM}/${kind}"/*)
  for text in "${@:2}"; do mapfile -t files < <(files_with "${text}" "${files[@]}"); done
  list_of "${files[@]}"
}

# Those of the files that hold a text; all of them where it is empty.
files_with() { # TEXT FILE…
  [[ $# == 1 || ! -e $2 ]] || grep -lF -- "$@"
}

list_of() { # FILE…
  (($# > 0)) || { echo '[]' && return; }
  printf '[%s]\n' "$(cat "$@" | paste -sd ,)"
}

# Docker takes ids and names alike.
find_object() { # KIND ID-OR-NAME: its file
  if [[ -f ${SWARM}/$1/$2 ]]; then echo "${SWARM}/$1/$2"; else grep -lE "\"(Id|ID)\":\"$2\"" "${SWARM}/$1"/* 2>/dev/null; fi
}
