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
  local files=("${SWARM}/$1"/*) text found
  shift
  [[ -e ${files[0]} ]] || files=()
  for text in "$@"; do
    found=$(((${#files[@]} == 0)) || grep -lF -- "${text}" "${files[@]}" || true)
    mapfile -t files <<<"${found}"
    [[ -n ${found} ]] || files=()
  done
  ((${#files[@]} == 0)) || printf '[%s]\n' "$(cat "${files[@]}" | paste -sd ,)"
  ((${#files[@]} > 0)) || echo '[]'
}

# Docker takes ids and names alike.
find_object() { # KIND ID-OR-NAME: its file
  local file
  [[ ! -f ${SWARM}/$1/$2 ]] || { echo "${SWARM}/$1/$2" && return; }
  file=$(grep -lE "\"(Id|ID)\":\"$2\"" "${SWARM}/$1"/* 2>/dev/null) || return 1
  echo "${file}"
}
