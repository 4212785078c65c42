#!/bin/bash
# A port, not mongosh, which takes half a CPU. While the administrator is set up, the server listens elsewhere.
set -Eeuo pipefail
exec 3<>/dev/tcp/127.0.0.1/27017
