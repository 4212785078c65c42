#!/bin/bash
# The edge itself is well when it answers; whether its backends are is theirs to say.
set -Eeuo pipefail
exec 3<>/dev/tcp/127.0.0.1/8002
printf 'GET /edge HTTP/1.0\r\n\r\n' >&3
read -r -t 3 line <&3
[[ ${line} == *' 200 '* ]]
