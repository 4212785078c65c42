#!/bin/bash
# Renders server.properties from the secrets and starts one broker. METALS_KAFKA_MODE: kraft (default) or zookeeper; with
# METALS_KAFKA_CLUSTER_ID the broker is one of several. The arguments `cluster`, `form` and `dismiss`: quorum.sh.
# shellcheck source-path=SCRIPTDIR
set -Eeuo pipefail
umask 077

FOLDER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
source "${FOLDER}/lib/common.sh"
# shellcheck source=lib/kraft.sh
source "${FOLDER}/lib/kraft.sh"
# shellcheck source=lib/quorum.sh
source "${FOLDER}/lib/quorum.sh"
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
    [[ -z ${METALS_KAFKA_CLUSTER_ID:-} ]] || read_quorum
    case "${1:-start}${METALS_KAFKA_CLUSTER_ID:+ one of several}" in
      start) start_kraft ;;
      'start one of several') start_member ;;
      'form one of several') form_cluster ;;
      'dismiss one of several') dismiss_others ;;
      cluster*) print_cluster ;;
      *) fail "the argument is $1; expected none or cluster, and with METALS_KAFKA_CLUSTER_ID form or dismiss" ;;
    esac
    ;;
  zookeeper)
    check_mode zookeeper
    start_zookeeper_mode
    ;;
  *) fail "METALS_KAFKA_MODE is ${mode}; expected kraft or zookeeper" ;;
esac
