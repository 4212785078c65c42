#!/usr/bin/env bats
load helpers

REGISTRY=123456789012.dkr.ecr.eu-west-1.amazonaws.com
PASSWORD=a-very-secret-login

host_is_right() {
  export SSM_Serving=no
  stub mountpoint </dev/null
  stub metals-container-guard </dev/null
  stub findmnt <<<'echo xfs'
  stub xfs_growfs </dev/null
  stub df <<<'[[ $* == *pcent* ]] && printf "Use%%\n 34%%\n" || printf "1B-blocks\n4294967296\n"'
  stub aws <<<"[[ \$1 != ecr ]] || echo ${PASSWORD}"
  # An image is there once it was pulled.
  stub docker <<'EOS'
case "$*" in
  "image inspect "*) [[ -e ${CALLS}.pulled ]] ;;
esac
EOS
  pulling 'echo "{\"status\":\"done\"}"; touch "${CALLS}.pulled"'
}

pulling() { # what POST /images/create does
  stub curl <<EOF
case "\$*" in
  *169.254.169.254*) echo "HTTP/1.1 401 Unauthorized"; echo "Date: \$(date -uR -d "\${CLOCK:-now}")" ;;
  *http://docker/info*) echo '{"DockerRootDir":"/","SecurityOptions":["name=no-new-privileges"],"ServerVersion":"25","NCPU":2,"MemTotal":4294967296,"Swarm":{"LocalNodeState":"active"}}' ;;
  *http://docker/images/create*) cat >"\${STDIN}/header"; $1 ;;
esac
EOF
}

@test "a node whose settings come late, because cloud-init still runs, is waited for" {
  host_is_right
  mv "${METALS_NODE_FILE}" "${METALS_NODE_FILE}.late"
  stub cloud-init <<<'[[ $* == "status --wait" ]] || exit 1; mv "${METALS_NODE_FILE}.late" "${METALS_NODE_FILE}"'
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  assert_output "node manager-1 is prepared"
}

@test "swarm-join waits for the settings too" {
  node_is worker-1
  mv "${METALS_NODE_FILE}" "${METALS_NODE_FILE}.late"
  stub cloud-init <<<'mv "${METALS_NODE_FILE}.late" "${METALS_NODE_FILE}"'
  stub docker </dev/null
  stub curl <<<'echo "{\"Swarm\":{\"LocalNodeState\":\"active\",\"ControlAvailable\":false,\"NodeID\":\"n2\"}}"'
  stub aws <<<'echo "initialised c1"'
  member_of c1
  export SSM_Stage=lab SSM_ManagerAddresses=10.40.3.11
  run_document swarm-join
  assert_status 0
  assert_output "worker-1 is node n2"
}

@test "a boot that is tried again is waited for" {
  host_is_right
  stub systemctl <<<'echo . >>"${CALLS}.looks"; (($(wc -l <"${CALLS}.looks") > 2)) && echo active || { echo activating; exit 3; }'
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  assert_output "waiting for the boot of this node: metals-boot.service is activating"
}

@test "a boot that failed for good is said with its last lines" {
  host_is_right
  stub systemctl <<<'echo failed; exit 3'
  stub journalctl <<<'echo "boot: error: /dev/x holds TYPE=ext4"'
  export SSM_Images=none
  run_document node-prepare
  assert_status 1
  assert_output "boot: error: /dev/x holds TYPE=ext4"
  assert_output "the boot of this node failed as often as it may"
}

@test "the file system is grown to the size that the volume has" {
  host_is_right
  stub df <<<'[[ $* != *pcent* ]] || { echo " 34%"; exit; }
echo . >>"${CALLS}.df"; printf "1B-blocks\n%s\n" "$(wc -l <"${CALLS}.df")000"'
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  assert_call "xfs_growfs /"
  assert_output "/ has grown from 1000 to 2000 bytes"
}

@test "a file system that cannot grow fails the deployment with its reason" {
  host_is_right
  stub xfs_growfs <<<'echo "xfs_growfs: XFS_IOC_FSGROWFSDATA xfsctl failed: No space left on device" >&2; exit 1'
  export SSM_Images=none
  run_document node-prepare
  assert_status 1
  assert_output "XFS_IOC_FSGROWFSDATA xfsctl failed: No space left on device"
  [[ ${output} != *"is prepared"* ]]
}

@test "how full the disks are is reported for the node's slot, in the namespace of its stage, before images are pulled" {
  host_is_right
  stub df <<<'case "$*" in *pcent*"/mnt") printf "Use%%\n  7%%\n" ;; *pcent*" /") printf "Use%%\n 81%%\n" ;; *) printf "1B-blocks\n4294967296\n" ;; esac'
  pulling 'echo "{\"error\":\"no space left on device\"}"'
  sed -i 's|"DockerRootDir":"/"|"DockerRootDir":"/mnt"|' "${BATS_TEST_TMPDIR}/bin/curl"
  export SSM_Images="edge=${REGISTRY}/cdk-assets:0123"
  run bash <(sed 's/wait_until 120 "pulling/wait_until 0 "pulling/' "$(assemble node-prepare)")
  assert_status 1
  assert_output "disks are used: data 7 %, root 81 %"
  sent=$(sed -n "s|^aws cloudwatch put-metric-data .*--namespace Metals/lab --metric-data ||p" "${CALLS}")
  run jq -r '.[] | "\(.MetricName) \(.Unit) \(.Value) \([.Dimensions[] | "\(.Name)=\(.Value)"] | join(","))"' <<<"${sent}"
  [[ ${output} == "DiskUsedPercent Percent 7 Slot=manager-1,FileSystem=data
DiskUsedPercent Percent 81 Slot=manager-1,FileSystem=root" ]] || { echo "sent: ${output}" && return 1; }
}

@test "a report is tried again, because a permission may be new, and one that fails for good fails the run with the reason" {
  host_is_right
  stub aws <<<'echo . >>"${CALLS}.reports"; (($(wc -l <"${CALLS}.reports") > 1)) || { echo "An error occurred (AccessDenied) when calling the PutMetricData operation: no" >&2; exit 254; }'
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  assert_output "reporting the use of disks: An error occurred (AccessDenied)"
  assert_output "node manager-1 is prepared"
  stub aws <<<'echo "An error occurred (AccessDenied) when calling the PutMetricData operation: no" >&2; exit 254'
  METALS_GRANT_SECONDS=0 run_document node-prepare
  assert_status 1
  assert_output "reporting the use of disks: denied for 0 s: An error occurred (AccessDenied) when calling the PutMetricData operation: no"
}

@test "a percentage that df does not tell is no report" {
  host_is_right
  stub df <<<'[[ $* == *pcent* ]] && printf "Use%%\n   -\n" || printf "1B-blocks\n1000\n"'
  export SSM_Images=none
  run_document node-prepare
  assert_status 1
  assert_output "df tells no percentage of /: Use%    -"
  refute_call "put-metric-data"
}

@test "the registry login is neither an argument nor a file" {
  host_is_right
  export SSM_Images="edge=${REGISTRY}/cdk-assets:0123"
  mkdir -p "${METALS_RUN_FOLDER}/docker-config" && echo old >"${METALS_RUN_FOLDER}/docker-config/config.json"
  run_document node-prepare
  assert_status 0
  refute_call "${PASSWORD}"
  sent=$(sed -n 's/^X-Registry-Auth: //p' "${STDIN}/header" | tr -- '-_' '+/' | base64 -d)
  [[ $(jq -r .password <<<"${sent}") == "${PASSWORD}" ]]
  [[ $(jq -r .serveraddress <<<"${sent}") == "${REGISTRY}" ]]
  [[ ! -e ${METALS_RUN_FOLDER}/docker-config ]]
  run grep -rq "${PASSWORD}" "${METALS_RUN_FOLDER}"
  assert_status 1
}

@test "an image of another registry is refused before any login" {
  host_is_right
  export SSM_Images="edge=${REGISTRY}/cdk-assets:0123,kafka=999999999999.dkr.ecr.eu-west-1.amazonaws.com/evil:1"
  run_document node-prepare
  assert_status 1
  assert_output "image 999999999999.dkr.ecr.eu-west-1.amazonaws.com/evil:1 is not in this account's registry"
  refute_call "get-login-password"
  refute_call "images/create"
}

@test "a pull that docker reports as failed, after its 200, is a failure with docker's reason" {
  host_is_right
  pulling 'echo "{\"status\":\"Pulling\"}"; echo "{\"error\":\"manifest unknown\"}"'
  export SSM_Images="edge=${REGISTRY}/cdk-assets:0123"
  run bash <(sed 's/wait_until 120 "pulling/wait_until 0 "pulling/' "$(assemble node-prepare)")
  assert_status 1
  assert_output "pulling ${REGISTRY}/cdk-assets:0123: not within 0 s: manifest unknown"
}

@test "a parameter that is empty, or names another kind of registry, does not pass" {
  pattern=$(sed -n "s/^ *allowedPattern: '\(.*\)'$/\1/p" "${ROOT}/assets/documents/node-prepare/document.yml")
  matches() { grep -qE "${pattern}" <<<"$1"; }
  matches none
  matches "edge=${REGISTRY}/cdk-hnb659fds-container-assets-123456789012-eu-west-1:0a1b,kafka=${REGISTRY}/x@sha256:ab"
  run matches ''
  assert_status 1
  run matches 'edge=docker.io/library/x:1'
  assert_status 1
  run matches "edge=${REGISTRY}.evil.example/x:1"
  assert_status 1
}

@test "a rule of the guard that somebody has removed is set again, and told" {
  host_is_right
  stub metals-container-guard <<<'[[ ${1:-} != check ]] || { echo "missing in raw/PREROUTING: -i docker_gwbridge -p udp --dport 4789 -j DROP"; exit 1; }'
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  assert_output "cannot any more: missing in raw/PREROUTING: -i docker_gwbridge -p udp --dport 4789 -j DROP"
}

@test "a node on which containers could reach what is its own is refused where the rule cannot be set" {
  host_is_right
  stub metals-container-guard <<<'echo "missing in raw/PREROUTING: -i docker_gwbridge -p udp --dport 4789 -j DROP"; exit 1'
  export SSM_Images=none
  run_document node-prepare
  assert_status 1
  assert_output "missing in raw/PREROUTING: -i docker_gwbridge -p udp --dport 4789 -j DROP"
  assert_output "systemctl status metals-container-guard"
}

@test "settings of Docker that somebody has changed are written again, and told; those that are right are left alone" {
  host_is_right
  export SSM_Images=none
  run_document node-prepare
  assert_status 0
  jq -e '."log-opts"."max-size" == "10m"' "${METALS_DOCKER_CONFIG_FILE}" >/dev/null
  run_document node-prepare
  [[ ${output} != *"is written"* ]]
  jq '."log-driver" = "json-file"' "${METALS_DOCKER_CONFIG_FILE}" >"${METALS_DOCKER_CONFIG_FILE}.changed"
  mv "${METALS_DOCKER_CONFIG_FILE}.changed" "${METALS_DOCKER_CONFIG_FILE}"
  run_document node-prepare
  assert_status 0
  assert_output "daemon.json is written: Docker takes it at its next start"
  jq -e '."log-driver" == "local"' "${METALS_DOCKER_CONFIG_FILE}" >/dev/null
}

# bats has no patience for the minute in which a clock may still be set.
prepare_at() { # TIME of instance metadata
  export SSM_Images=none CLOCK=$1
  run bash <(sed 's/wait_until 60 "comparing/wait_until 0 "comparing/' "$(assemble node-prepare)")
}

@test "a clock that is wrong is told with the seconds, ahead or behind" {
  host_is_right
  prepare_at '60 seconds ago'
  assert_status 1
  assert_output "comparing the clock of node manager-1 with that of instance metadata: not within 0 s: it is 6"
  assert_output "s ahead, at most 5 s are allowed"
  prepare_at '60 seconds'
  assert_status 1
  assert_output "s behind, at most 5 s are allowed"
  prepare_at '1 second'
  assert_status 0
}

@test "a clock that cannot be compared is not taken for right" {
  host_is_right
  sed -i 's|^  \*169.254.169.254\*).*|  *169.254.169.254*) exit 7 ;;|' "${BATS_TEST_TMPDIR}/bin/curl"
  prepare_at now
  assert_status 1
  assert_output "instance metadata tells no time"
}

@test "images are not pulled onto a disk that they would fill; a node that has them is not asked" {
  host_is_right
  stub df <<<'[[ $* == *pcent* ]] && printf "Use%%\n 99%%\n" || printf "Avail\n1000000000\n"'
  export SSM_Images="edge=${REGISTRY}/cdk-assets:0123"
  run_document node-prepare
  assert_status 1
  assert_output "/ on node manager-1 has 953 MiB left, and images need 1024 MiB; nothing was pulled"
  refute_call "images/create"
  touch "${CALLS}.pulled"
  run_document node-prepare
  assert_status 0
}
