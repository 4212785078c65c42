#!/bin/bash
# Healthy once the broker listens and its users have the passwords of the secrets. An address, not the service's name:
# a name resolves only once its task is healthy.
set -Eeuo pipefail
[[ -e /tmp/kafka/credentials-current ]] || {
  echo "the users do not have the passwords of the secrets yet"
  exit 1
}
exec 3<>/dev/tcp/127.0.0.1/9092
