#!/bin/bash
# One MongoDB server. The administrator is created, or gets a changed password, before anything outside this container can
# connect. That is done again if it was interrupted: the record of it is written last.
set -Eeuo pipefail
umask 077

readonly DATA=${METALS_MONGODB_DATA_DIRECTORY:-/data/db}
readonly SECRET=${METALS_SECRETS_DIRECTORY:-/run/secrets}/mongodb-password-admin
readonly RECORD=${DATA}/metals-admin.sha256
readonly CACHE_GB=0.25
# Not the published port: nobody may connect before a login is needed.
readonly SETUP_PORT=27018
readonly SETUP_WAIT_SECONDS=120

log() { echo "entrypoint: $*"; }

fail() {
  echo "entrypoint: $*" >&2
  exit 1
}

check_input() {
  [[ -r ${SECRET} ]] || fail "${SECRET} is missing or cannot be read; expected the password of admin, as a Docker secret"
  local password
  password=$(<"${SECRET}")
  [[ ${password} =~ ^[A-Za-z0-9._-]{12,128}$ ]] ||
    fail "${SECRET}: a password has 12 to 128 letters, digits, dots, dashes or underscores; got ${#password} characters"
  [[ -w ${DATA} ]] || fail "${DATA} is not writable for user $(id -u); expected an empty volume or one of MongoDB's own"
}

# Salted, and of a password that is random: it tells only whether the password has changed.
fingerprint() {
  [[ -s ${DATA}/metals-salt ]] || head -c 16 /dev/urandom | base64 >"${DATA}/metals-salt"
  cat "${DATA}/metals-salt" "${SECRET}" | sha256sum | cut -d ' ' -f 1
}

is_current() { [[ -e ${RECORD} && $(<"${RECORD}") == "$(fingerprint)" ]]; }

record() {
  fingerprint >"${RECORD}.new"
  mv "${RECORD}.new" "${RECORD}"
}

# Runs a command that starts a server on 127.0.0.1:SETUP_PORT and waits until it listens; its process id is then in SETUP_PID.
start_for_setup() { # COMMAND...
  local deadline=$((SECONDS + SETUP_WAIT_SECONDS))
  log "the administrator is set up on 127.0.0.1:${SETUP_PORT}"
  "$@" >/tmp/setup.log 2>&1 &
  SETUP_PID=$!
  # Whatever fails from here on must not leave this server behind.
  trap 'kill -KILL "${SETUP_PID}" 2>/dev/null || :' EXIT
  until (exec 3<>"/dev/tcp/127.0.0.1/${SETUP_PORT}") 2>/dev/null; do
    kill -0 "${SETUP_PID}" 2>/dev/null || fail "$1 ended during the set-up: $(tail -n 3 /tmp/setup.log)"
    ((SECONDS < deadline)) || fail "$1 did not listen within ${SETUP_WAIT_SECONDS} s"
    sleep 0.2
  done
}

stop_after_setup() {
  local status=0
  trap - EXIT
  kill -TERM "${SETUP_PID}"
  wait "${SETUP_PID}" || status=$?
  [[ ${status} == 0 || ${status} == 143 ]] || fail "the server ended with ${status} after the set-up: $(tail -n 3 /tmp/setup.log)"
  record
}

start_mongod() {
  local options=(--dbpath "${DATA}" --unixSocketPrefix /tmp --quiet --wiredTigerCacheSizeGB "${CACHE_GB}")
  if ! is_current; then
    start_for_setup mongod "${options[@]}" --bind_ip 127.0.0.1 --port "${SETUP_PORT}"
    HOME=/tmp METALS_PASSWORD_FILE=${SECRET} \
      mongosh --quiet --host 127.0.0.1 --port "${SETUP_PORT}" --file /opt/metals/ensure-admin.js
    stop_after_setup
  fi
  exec mongod "${options[@]}" --bind_ip_all --port 27017 --auth
}

# The stand-in makes its administrator only in a new database of users, so a changed password means a new one;
# the setup job makes the other users again. It takes the password from its environment or an argument alone: so that
# process is a short one, on loopback, and the one that serves has neither.
start_stand_in() {
  local options=(--handler=sqlite "--sqlite-url=file:${DATA}/" "--state-dir=${DATA}" --debug-addr=- --log-level=error
    --test-enable-new-auth)
  export FERRETDB_TELEMETRY=disable
  log "STAND-IN: FerretDB with SQLite in place of MongoDB; it speaks MongoDB's protocol, and has no roles"
  if ! is_current; then
    rm -f "${DATA}"/admin.sqlite*
    FERRETDB_SETUP_PASSWORD=$(<"${SECRET}") start_for_setup ferretdb "${options[@]}" \
      "--listen-addr=127.0.0.1:${SETUP_PORT}" --setup-database=admin --setup-username=admin
    stop_after_setup
  fi
  exec ferretdb "${options[@]}" --listen-addr=:27017
}

check_input
if command -v mongod >/dev/null; then
  start_mongod
elif command -v ferretdb >/dev/null; then
  start_stand_in
else
  fail "this image holds neither mongod nor ferretdb"
fi
