# A Swarm for the documents of the stack: what Docker answers, and a bundle to deploy.
# shellcheck disable=SC2154 # BATS_TEST_TMPDIR is of bats

# What the Docker API answers, one file per path under ${API}.
api() { # PATH, JSON on stdin
  mkdir -p "${API}"
  cat >"${API}/${1//\//_}"
}

setup_api() {
  export API="${BATS_TEST_TMPDIR}/api"
  stub curl <<'EOF'
url=${*: -1}
for argument in "$@"; do [[ ${argument} == http://docker/* ]] && url=${argument}; done
[[ ${url} != http://127.0.0.1:* ]] || { printf '%s' "${HEALTH:-200}"; exit; }
path=${url#http://docker/}
[[ $* != *"--data-binary @-"* ]] || { printf '%s ' "${path}" && cat && echo; } >>"${STDIN}/posted"
cat "${API}/${path//\//_}" 2>/dev/null || { echo "{}"; exit 22; }
EOF
  stub docker <<<'exit 0'
  api info <<<'{"Swarm":{"LocalNodeState":"active","ControlAvailable":true,"NodeID":"n1"}}'
  # The lease, and what is remembered of the version that converged.
  api configs/create <<<'{"ID":"c1"}'
  api nodes <<'EOF'
[{"ID":"n1","Description":{"Hostname":"a","Resources":{"NanoCPUs":2000000000,"MemoryBytes":4294967296},"Engine":{"EngineVersion":"26.1"}},"Spec":{"Role":"manager","Availability":"active","Labels":{"metals.slot":"manager-1"}},"Status":{"State":"ready","Addr":"0.0.0.0"},"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"10.40.3.11:2377"}},
 {"ID":"n2","Description":{"Hostname":"b","Resources":{"NanoCPUs":2000000000,"MemoryBytes":4294967296},"Engine":{"EngineVersion":"26.1"}},"Spec":{"Role":"worker","Availability":"active","Labels":{"metals.slot":"worker-1","metals.kafka":"true","metals.mongodb":"true","metals.kafka-mode":"kraft"}},"Status":{"State":"ready","Addr":"10.40.4.21"}},
 {"ID":"n3","Description":{"Hostname":"c","Resources":{"NanoCPUs":2000000000,"MemoryBytes":4294967296},"Engine":{"EngineVersion":"26.1"}},"Spec":{"Role":"worker","Availability":"active","Labels":{"metals.slot":"worker-2"}},"Status":{"State":"down","Addr":"10.40.5.22"}}]
EOF
  jq '.[1]' "${API}/nodes" | api nodes/n2
  api networks <<<'[{"Name":"metals-backend","Driver":"overlay","IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{"encrypted":""}}]'
  api services <<<'[]'
  api tasks <<<'[]'
  api configs <<<'[]'
}

pack_bundle() {
  # Without times, as lib/constructs/stack-bundle.ts packs it.
  tar -czf "${BATS_TEST_TMPDIR}/bundle.tar.gz" --mtime=@0 -C "${BATS_TEST_TMPDIR}/bundle" .
  SSM_BundleSha256=$(sha256sum "${BATS_TEST_TMPDIR}/bundle.tar.gz" | cut -d ' ' -f 1)
  export SSM_BundleSha256
}

deploy_parameters() {
  export SSM_Stage=lab SSM_BundleBucket=bucket SSM_BundleKey=key.tar.gz SSM_KafkaMode=kraft SSM_OverlayEncryption=off
  export SSM_TimeoutSeconds=10 SSM_Versions=none SSM_OnlyWhen=always SSM_Images='edge=registry/repository:1'
  mkdir -p "${BATS_TEST_TMPDIR}/bundle/config"
  echo '[{"name":"metals-backend","subnet":"10.10.1.0/24","encrypted":true,"internal":true}]' >"${BATS_TEST_TMPDIR}/bundle/networks.json"
  echo 'METALS_STAGE=lab' >"${BATS_TEST_TMPDIR}/bundle/settings.env"
  echo '[{"name":"api-key","secret_id":"metals/lab/api-key","keys":["api-key"]}]' >"${BATS_TEST_TMPDIR}/bundle/secrets.json"
  echo '[{"name":"edge","global":true,"replicas":1,"nano_cpus":50000000,"memory_bytes":33554432,"constraints":[],"start_first":false}]' >"${BATS_TEST_TMPDIR}/bundle/needs.json"
  echo '{}' | tee "${BATS_TEST_TMPDIR}/bundle/setup.yml" >"${BATS_TEST_TMPDIR}/bundle/config/tools.yml"
  pack_bundle
  stub aws <<EOF
case "\$*" in
  *"s3 cp"*) cp "${BATS_TEST_TMPDIR}/bundle.tar.gz" "\${!#}" ;;
  *describe-secret*) echo '{"VersionIdsToStages":{"aaaaaaaabbbb":["AWSCURRENT"]}}' ;;
  *get-secret-value*) echo '{"SecretString":"k3y"}' ;;
esac
EOF
}

service() { # REPLICAS UPDATE_STATE
  jq -n --argjson r "$1" --arg u "$2" '[{ID:"s1",CreatedAt:"1",Spec:{Name:"metals_producer",Mode:{Replicated:{Replicas:$r}},TaskTemplate:{ContainerSpec:{Image:"p@sha256:2"}}},UpdateStatus:(if $u == "" then null else {State:$u,Message:"m"} end)}]' | api services
}

task() { # ID STATE IMAGE NODE [ERROR]
  jq -n --arg id "$1" --arg s "$2" --arg i "$3" --arg n "$4" --arg e "${5:-}" \
    '{ID:$id,ServiceID:"s1",NodeID:$n,DesiredState:"running",Spec:{ContainerSpec:{Image:$i}},Status:{State:$s,Timestamp:"2026-01-01T00:00:00Z",Err:(if $e == "" then null else $e end)}}'
}

# A Swarm on which stack-deploy reaches its end: networks and images are there.
deployable() {
  setup_api && deploy_parameters
  api networks/metals-backend <<<'{"Name":"metals-backend","Driver":"overlay","Internal":true,"IPAM":{"Config":[{"Subnet":"10.10.1.0/24"}]},"Options":{}}'
  api secrets <<<'[]'
  stub docker <<'EOF'
case "$*" in
  "image inspect"*) echo '[{"RepoDigests":["registry/repository@sha256:1"]}]' ;;
  "secret inspect"*) exit 1 ;;
  "secret create"*) cat >"${STDIN}/secret" ;;
  "stack deploy"*) env >"${STDIN}/environment" ;;
esac
EOF
}
