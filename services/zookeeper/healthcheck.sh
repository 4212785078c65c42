#!/bin/bash
# ZooKeeper's own question for "are you well", which needs no login.
set -Eeuo pipefail
exec 3<>/dev/tcp/127.0.0.1/2181
printf ruok >&3
read -r -t 3 -N 4 answer <&3
[[ ${answer} == imok ]]
