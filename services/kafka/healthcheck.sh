#!/bin/bash
# One broker: healthy once it listens and its users have the passwords of the secrets. One of several: healthy once its
# controller listens, because the others find a name only while its task is healthy, and it needs them to go on; whether it
# is in sync is for the deployment and `metals status` to say. Addresses, not names, for the same reason.
set -Eeuo pipefail
if [[ -e /tmp/kafka/member ]]; then
  exec 3<>/dev/tcp/127.0.0.1/9093
  exit
fi
[[ -e /tmp/kafka/credentials-current ]] || {
  echo "the users do not have the passwords of the secrets yet"
  exit 1
}
exec 3<>/dev/tcp/127.0.0.1/9092
