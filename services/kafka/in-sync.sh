#!/bin/bash
# Whether every partition is on all its brokers: asked on a broker's own node while a deployment replaces one node after the
# other. Silent where it is; else says which partition is not, and on which brokers it is.
# shellcheck source-path=SCRIPTDIR
set -Eeuo pipefail

FOLDER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
source "${FOLDER}/lib/common.sh"
# shellcheck source=lib/kraft.sh
source "${FOLDER}/lib/kraft.sh"
# shellcheck source=lib/quorum.sh
source "${FOLDER}/lib/quorum.sh"

told=$(as_admin org.apache.kafka.tools.TopicCommand --bootstrap-server "${LOOPBACK}:${LOCAL_PORT}" --describe --under-replicated-partitions) || {
  tail -n 1 <<<"${told}"
  exit 1
}
count=$(grep -c 'Topic:' <<<"${told}" || true)
((count == 0)) && exit
echo "${count} partitions are not in sync, such as $(grep -m 1 'Topic:' <<<"${told}" | xargs)"
exit 1
