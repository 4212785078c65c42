#!/usr/bin/env bats
# MongoDB's entrypoint with servers that write down how they were called. The set-up server listens for real, by node.

setup() {
  ENTRYPOINT="${BATS_TEST_DIRNAME}/../../../services/mongodb/entrypoint.sh"
  WORK="${BATS_TEST_TMPDIR}"
  export METALS_MONGODB_DATA_DIRECTORY="${WORK}/data" METALS_SECRETS_DIRECTORY="${WORK}/secrets" CALLS="${WORK}/calls"
  mkdir -p "${WORK}/data" "${WORK}/secrets" "${WORK}/bin"
  printf '%s' password-of-admin >"${WORK}/secrets/mongodb-password-admin"
  # The port of the set-up is one for the machine, and busybox.bats runs this file at the same time as it runs by itself.
  exec 9>"${TMPDIR:-/tmp}/metals-mongodb-entrypoint.lock"
  flock --timeout 120 9
  # busybox.bats runs this file a second time, with BusyBox's applets before the other programs.
  PATH="${WORK}/bin:${METALS_TEST_APPLETS:+${METALS_TEST_APPLETS}:}${PATH}"
}

server() { # NAME: a server that listens only while it is set up
  cat >"${WORK}/bin/$1" <<'EOF'
#!/bin/bash
echo "$(basename "$0") $*" >>"${CALLS}"
echo "  environment: $(env | grep -c password-of)" >>"${CALLS}"
[[ "$*" != *27018* ]] || exec node -e 'require("net").createServer((s) => s.end()).listen(27018, "127.0.0.1")'
EOF
  chmod +x "${WORK}/bin/$1"
}

mongosh() { # EXIT_CODE
  cat >"${WORK}/bin/mongosh" <<EOF
#!/bin/bash
echo "mongosh \$*" >>"\${CALLS}"
exit $1
EOF
  chmod +x "${WORK}/bin/mongosh"
}

is_closed() { # PORT: within 5 s, for a process that is killed takes its time to go
  local attempt
  for attempt in {1..50}; do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
    sleep 0.1
  done
  echo "127.0.0.1:$1 still answers after ${attempt} attempts"
  return 1
}

@test "a missing secret is named" {
  rm "${WORK}/secrets/mongodb-password-admin"
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"mongodb-password-admin is missing or cannot be read"* ]]
}

@test "an image without a server says so" {
  run bash "${ENTRYPOINT}"
  [[ ${status} == 1 && ${output} == *"holds neither mongod nor ferretdb"* ]]
}

@test "MongoDB: the administrator is set up on loopback before the port is opened, with a login needed" {
  server mongod
  mongosh 0
  run bash "${ENTRYPOINT}"
  [[ ${status} == 0 ]]
  [[ $(grep -c '^mongod' "${CALLS}") == 2 ]]
  grep '^mongod' "${CALLS}" | head -n 1 | grep -q -- '--bind_ip 127.0.0.1 --port 27018'
  grep '^mongod' "${CALLS}" | tail -n 1 | grep -q -- '--bind_ip_all --port 27017 --auth'
  [[ $(<"${CALLS}") != *password-of* ]]
}

@test "MongoDB: a set-up that fails is done again at the next start" {
  server mongod
  mongosh 1
  run bash "${ENTRYPOINT}"
  [[ ${status} != 0 ]]
  [[ ! -e "${WORK}/data/metals-admin.sha256" ]]
  is_closed 27018
}

@test "MongoDB: a second start sets nothing up, a changed password does" {
  server mongod
  mongosh 0
  bash "${ENTRYPOINT}"
  bash "${ENTRYPOINT}"
  [[ $(grep -c mongosh "${CALLS}") == 1 ]]
  printf '%s' another-password >"${WORK}/secrets/mongodb-password-admin"
  bash "${ENTRYPOINT}"
  [[ $(grep -c mongosh "${CALLS}") == 2 ]]
}

@test "the stand-in announces itself, and serves without the password in its environment" {
  server ferretdb
  run bash "${ENTRYPOINT}"
  [[ ${status} == 0 && ${output} == *"STAND-IN: FerretDB"* ]]
  [[ $(grep -A 1 27018 "${CALLS}" | tail -n 1) == "  environment: 1" ]]
  [[ $(tail -n 1 "${CALLS}") == "  environment: 0" ]]
}
