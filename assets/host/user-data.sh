#!/bin/bash
# Starts the boot that the files above describe, and ends as it ends: cloud-init runs this once in an instance's life,
# systemd runs the boot again at each reboot and after a failure.
set -Eeuo pipefail
METALS_BOOT_TIMEOUT_SECONDS=7200
systemctl daemon-reload
systemctl enable metals-boot.service
systemctl start --no-block metals-boot.service
until state=$(systemctl is-active metals-boot.service); do
  # Between two attempts the state is "activating".
  if [[ ${state} == failed ]] || ((SECONDS > METALS_BOOT_TIMEOUT_SECONDS)); then
    echo "user-data: error: metals-boot.service is ${state}; its last lines:" >&2
    journalctl -u metals-boot.service -n 20 --no-pager >&2
    exit 1
  fi
  sleep 2
done
