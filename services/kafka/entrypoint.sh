#!/bin/bash
# Renders server.properties from the secrets and starts one broker. METALS_KAFKA_MODE: kraft (default) or zookeeper.
# shellcheck source-path=SCRIPTDIR
set -Eeuo pipefail
umask 077

FOLDER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
source "${FOLDER}/lib/common.sh"
# shellcheck source=lib/kraft.sh
source "${FOLDER}/lib/kraft.sh"
# shellcheck source=lib/zookeeper.sh
source "${FOLDER}/lib/zookeeper.sh"

mode=${METALS_KAFKA_MODE:-kraft}
rm -rf "${RUN}"
mkdir -p "${RUN}"
load_passwords
report_full_disk
case ${mode} in
  kraft)
    check_mode kraft
    start_kraft
    ;;
  zookeeper)
    check_mode zookeeper
    start_zookeeper_mode
    ;;
  *) fail "METALS_KAFKA_MODE is ${mode}; expected kraft or zookeeper" ;;
esac
