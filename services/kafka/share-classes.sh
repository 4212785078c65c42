#!/bin/bash
# Run once, when the image is built: a broker on throw-away data writes down the classes that it has loaded, in a form that
# Java maps at later starts instead of reading and checking them all again (Java's guide, "Class Data Sharing").
# Where no broker can run, as under the emulation of another processor, the image is made without, and starts later.
# shellcheck source-path=SCRIPTDIR
set -Eeuo pipefail

FOLDER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
source "${FOLDER}/lib/common.sh"
WAIT_SECONDS=120

work=$(mktemp -d)
export METALS_KAFKA_DATA_DIRECTORY="${work}/data" METALS_KAFKA_OTHER_DIRECTORY="${work}/other"
export METALS_KAFKA_RUN_DIRECTORY="${work}/run" METALS_SECRETS_DIRECTORY="${work}/secrets"
export METALS_KAFKA_ADVERTISED_HOST=127.0.0.1 METALS_KAFKA_WRITE_CLASSES=yes
mkdir -p "${work}/data" "${work}/other" "${work}/secrets"
for principal in "${PRINCIPALS[@]}"; do
  head -c 24 /dev/urandom | base64 | tr -d '+/=\n' >"${work}/secrets/kafka-password-${principal}"
done

bash "${FOLDER}/entrypoint.sh" >"${work}/log" 2>&1 &
broker=$!
started=yes
wait_for_port 127.0.0.1 9092 "${WAIT_SECONDS}" "${broker}" || started=no
# It writes them as it ends.
kill -TERM "${broker}" 2>/dev/null || true
wait "${broker}" || true
if [[ ${started} == yes && -s ${SHARED_CLASSES} ]]; then
  chmod 644 "${SHARED_CLASSES}"
  log "$(du -m "${SHARED_CLASSES}" | cut -f 1) MB of shared classes"
else
  rm -f "${SHARED_CLASSES}"
  log "NO SHARED CLASSES: no broker ran here (listening: ${started}); it will start later. Its last lines:"
  tail -n 5 "${work}/log"
fi
rm -rf "${work}"
