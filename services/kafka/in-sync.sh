#!/bin/bash
# Whether this broker has all records of its partitions: asked on its node while a deployment replaces one node after the other.
# Silent where it has; else says which partition it lacks. What another broker lacks is not asked: one that is away may be what the
# deployment is to bring back.
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
# Topic: metals-prices Partition: 0 Leader: 2 Replicas: 1,2,3 Isr: 2,3
awk -v broker="${METALS_KAFKA_BROKER:-1}" '
  function has(list) { return index("," list ",", "," broker ",") > 0 }
  {
    replicas = isr = ""
    for (i = 1; i < NF; i++) { if ($i == "Replicas:") replicas = $(i + 1); if ($i == "Isr:") isr = $(i + 1) }
    if (has(replicas) && !has(isr)) { lacks++; if (first == "") { $1 = $1; first = $0 } }
  }
  END { if (lacks) { print lacks " partitions are not in sync on broker " broker ", such as " first; exit 1 } }' <<<"${told}"
