#!/bin/bash
# One ZooKeeper server. Only a client with Kafka's login may open a session.
set -Eeuo pipefail
umask 077

readonly RUN=/tmp/zookeeper
readonly SECRET=${METALS_SECRETS_DIRECTORY:-/run/secrets}/kafka-password-admin
readonly HEAP_MB=${METALS_ZOOKEEPER_HEAP_MB:-256}

fail() {
  echo "entrypoint: $*" >&2
  exit 1
}

[[ -r ${SECRET} ]] || fail "${SECRET} is missing or cannot be read; expected the password of admin, as a Docker secret"
password=$(<"${SECRET}")
[[ ${password} =~ ^[A-Za-z0-9._-]{12,128}$ ]] ||
  fail "${SECRET}: a password has 12 to 128 letters, digits, dots, dashes or underscores; got ${#password} characters"
for folder in /data /datalog; do
  [[ -w ${folder} ]] || fail "${folder} is not writable for user $(id -u); expected an empty volume or one of ZooKeeper's own"
done

rm -rf "${RUN}"
mkdir -p "${RUN}"
cat >"${RUN}/zoo.cfg" <<'EOF'
tickTime=2000
dataDir=/data
dataLogDir=/datalog
clientPort=2181
maxClientCnxns=60
admin.enableServer=false
4lw.commands.whitelist=srvr,ruok
autopurge.snapRetainCount=3
autopurge.purgeInterval=24
authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
enforce.auth.enabled=true
enforce.auth.schemes=sasl
EOF
cat >"${RUN}/server.jaas" <<EOF
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required user_kafka="${password}";
};
EOF

# The version is in the folder's name, in the real image and in the stand-in.
libraries=(/apache-zookeeper-*-bin/lib)
[[ -d ${libraries[0]} ]] || fail "no /apache-zookeeper-*-bin/lib in this image"
exec java "-Xms${HEAP_MB}m" "-Xmx${HEAP_MB}m" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
  -Dlogback.configurationFile=/opt/metals/logback.xml "-Djava.security.auth.login.config=${RUN}/server.jaas" \
  -cp "${libraries[0]}/*" org.apache.zookeeper.server.quorum.QuorumPeerMain "${RUN}/zoo.cfg"
