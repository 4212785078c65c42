#!/bin/bash
# Brings a node up, at its first boot and at every other: its data volume, its Docker, its place in a deployment. Every
# step looks whether it is already done, so that the script can run again wherever it was interrupted; its unit,
# metals-boot.service, runs it again when it fails.
folder=$(dirname "${BASH_SOURCE[0]}")
for part in common wait volume esp docker deployment services; do
  # shellcheck source=/dev/null
  source "${folder}/lib/${part}.sh"
done

limit_waits
# Packages first: meanwhile the instance that this one replaces lets go of the volume.
install_packages
mount_data
check_encryption
configure_docker
start_docker
await_swarm
if await_services; then signal SUCCESS; else signal FAILURE; fi
rm -f "${BOOT_END}"
log "node ${METALS_SLOT} of stage ${METALS_STAGE} is ready"
