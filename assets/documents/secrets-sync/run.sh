#!/bin/bash
# Brings secrets into the Swarm before anything is deployed with them. stack-deploy does so too, for what it needs itself.
require_parameters Secrets Versions
take_lock secrets
log "asked for with versions ${SSM_Versions}"

pairs=${SSM_Secrets//,/$'\n'}
while read -r secret_id; do
  mapfile -t keys < <(awk -F = -v id="${secret_id}" '$2 == id { print $1 }' <<<"${pairs}")
  sync_secret "${secret_id}" "${keys[@]}"
done < <(cut -d = -f 2 <<<"${pairs}" | sort -u)
