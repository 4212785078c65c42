#!/usr/bin/env bats
# Which images node-prepare keeps on a node, and which it removes.
load helpers

REPOSITORY=123456789012.dkr.ecr.eu-west-1.amazonaws.com/cdk-assets

node_has_image() { # ID REFERENCE…
  local tags='[]' digests='[]' id=$1
  shift
  for reference in "$@"; do
    case ${reference} in
      *@*) digests=$(jq -c --arg r "${reference}" '. + [$r]' <<<"${digests}") ;;
      *) tags=$(jq -c --arg r "${reference}" '. + [$r]' <<<"${tags}") ;;
    esac
  done
  jq -nc --arg id "${id}" --argjson tags "${tags}" --argjson digests "${digests}" '{Id: $id, RepoTags: $tags, RepoDigests: $digests}' >>"${HERE}/images"
}

node_has_container() { # ID IMAGE_ID STATE [TASK]
  jq -nc --arg id "$1" --arg image "$2" --arg state "$3" --arg task "${4:-}" \
    '{Id: $id, ImageID: $image, State: $state, Labels: (if $task == "" then {} else {"com.docker.swarm.task.id": $task} end)}' >>"${HERE}/containers"
}

# A node that pulls what it lacks, and removes what it is told to remove: its images and containers are in ${HERE}.
node_with_images() {
  for command in mountpoint metals-container-guard; do stub "${command}" </dev/null; done
  stub findmnt <<<'echo xfs'
  stub xfs_growfs </dev/null
  stub df <<<'printf "1B-blocks\n4294967296\n"'
  stub aws <<<'echo login'
  export HERE="${BATS_TEST_TMPDIR}/here"
  mkdir -p "${HERE}" && touch "${HERE}/images" "${HERE}/containers"
  stub curl <<'EOF'
case "$*" in
  *169.254.169.254*) echo "Date: $(date -uR)" ;;
  *http://docker/info*) echo '{"DockerRootDir":"/","SecurityOptions":["name=no-new-privileges"],"ServerVersion":"25","NCPU":2,"MemTotal":4294967296,"Swarm":{"LocalNodeState":"active"}}' ;;
  *http://docker/images/json*) jq -s . "${HERE}/images" ;;
  *http://docker/containers/json?all=1*) jq -s . "${HERE}/containers" ;;
  *http://docker/images/create*) cat >/dev/null; reference=$(sed 's/.*fromImage=\([^ ]*\).*/\1/' <<<"$*")
    jq -nc --arg r "${reference}" '{Id: ("id of " + $r), RepoTags: [$r], RepoDigests: []}' >>"${HERE}/images"; echo '{"status":"done"}' ;;
esac
EOF
  stub docker <<'EOF'
without() { jq -c --arg n "$2" "select($3 | not)" "${HERE}/$1" >"${HERE}/new"; mv "${HERE}/new" "${HERE}/$1"; }
case "$*" in
  "image inspect "*) jq -es --arg r "$3" 'any(.[]; .RepoTags + .RepoDigests | index([$r]))' "${HERE}/images" >/dev/null ;;
  "image rm "*) [[ $3 != *in-use* ]] || { echo "conflict: in use by running container 1"; exit 1; }
    without images "$3" '.RepoTags + .RepoDigests | index([$n])' ;;
  "container rm "*) without containers "$3" '.Id == $n' ;;
esac
EOF
}

deployment_begins() { # VERSION
  export SSM_Images="edge=${REPOSITORY}:edge-$1,kafka=${REPOSITORY}:kafka" SSM_Serving=no
  run_document node-prepare
  assert_status 0
}

version_serves() { # VERSION
  export SSM_Images="edge=${REPOSITORY}:edge-$1,kafka=${REPOSITORY}:kafka" SSM_Serving=yes
  run_document node-prepare
  assert_status 0
}

deployed() { # VERSION
  deployment_begins "$1"
  version_serves "$1"
}

assert_here() { # REFERENCE… without the repository, sorted: all images of this node
  local here
  here=$(jq -r '.RepoTags[], (if .RepoTags == [] then .RepoDigests[] else empty end)' "${HERE}/images" | sed "s|^${REPOSITORY}[:@]||" | sort | paste -sd ' ')
  [[ ${here} == "$*" ]] || { echo "here are: ${here}; expected: $*; output: ${output}" && return 1; }
}

@test "the images of the version that serves and of the one before it stay, those of older ones go" {
  node_with_images
  deployed 1
  assert_here edge-1 kafka
  deployed 2
  assert_here edge-1 edge-2 kafka
  deployed 3
  assert_here edge-2 edge-3 kafka
  assert_output "image ${REPOSITORY}:edge-1 belongs to no version that may be needed: removed"
  # The association does it every half an hour, and the same version again is no new one.
  version_serves 3
  assert_here edge-2 edge-3 kafka
  refute_call "--force"
}

@test "images of a deployment that failed stay until another version serves, for its tasks may still run" {
  node_with_images
  deployed 1
  deployed 2
  deployment_begins 3
  deployment_begins 4
  version_serves 2
  assert_here edge-1 edge-2 edge-3 edge-4 kafka
  deployed 5
  assert_here edge-2 edge-5 kafka
}

@test "of deployments that fail one after the other, the latest two keep their images" {
  node_with_images
  deployed 1
  for version in 2 3 3 4; do deployment_begins "${version}"; done
  version_serves 1
  assert_here edge-1 edge-3 edge-4 kafka
}

@test "a node gets its images although its disks cannot be reported, and the run says so at its end" {
  node_with_images
  stub aws <<<'[[ $1 != cloudwatch ]] || { echo "Could not connect to the endpoint URL" >&2; exit 255; }; echo login'
  export SSM_Images="edge=${REPOSITORY}:edge-1" SSM_Serving=yes
  run bash <(sed 's/wait_until 120 "reporting/wait_until 0 "reporting/' "$(assemble node-prepare)")
  assert_status 1
  assert_output "reporting the use of disks: not within 0 s: Could not connect to the endpoint URL"
  assert_output "the use of the disks was not reported"
  assert_here edge-1
}

@test "a node whose instance is new, and knows no version before, keeps what it finds until the next but one" {
  node_with_images
  node_has_image old "${REPOSITORY}:edge-0"
  node_has_image digest "${REPOSITORY}@sha256:00"
  version_serves 1
  assert_here edge-0 edge-1 kafka sha256:00
  deployed 2
  assert_here edge-1 edge-2 kafka
}

@test "the image of a container stays, whatever its version; a stopped task of an old version goes with its image" {
  node_with_images
  for name in running created foreign task; do node_has_image "${name}" "${REPOSITORY}:${name}" "${REPOSITORY}@sha256:${name}"; done
  node_has_container c1 running running t1
  node_has_container c2 created created t2
  node_has_container c3 foreign exited
  node_has_container c4 task exited t4
  deployed 1
  deployed 2
  assert_here created edge-1 edge-2 foreign kafka running
  [[ $(jq -r .Id "${HERE}/containers" | paste -sd ' ') == "c1 c2 c3" ]]
}

@test "a stopped task of a version that may be needed stays, for its log says why it stopped" {
  node_with_images
  deployed 1
  node_has_container c1 "id of ${REPOSITORY}:edge-1" exited t1
  deployed 2
  refute_call "container rm"
}

@test "images of other registries, and ones with a name there, are somebody else's" {
  node_with_images
  node_has_image other docker.io/library/debian:trixie
  node_has_image both "${REPOSITORY}:both" docker.io/library/both:1
  deployed 1
  deployed 2
  deployed 3
  refute_call "debian"
  refute_call "image rm ${REPOSITORY}:both"
}

@test "an image that docker does not remove fails no run, and the reason is said" {
  node_with_images
  node_has_image busy "${REPOSITORY}:in-use"
  deployed 1
  deployed 2
  assert_output "image ${REPOSITORY}:in-use belongs to no version that may be needed, but stays: conflict: in use by running container 1"
}

@test "a run that is killed between two lists loses none of them" {
  node_with_images
  deployed 1
  deployment_begins 2
  # The version before is written, the one that serves is not yet.
  stub mv <<<'[[ $2 != */images/serving ]] || kill -KILL $PPID; exec /bin/mv "$@"'
  SSM_Serving=yes run_document node-prepare
  assert_status 137
  rm "${BATS_TEST_TMPDIR}/bin/mv"
  version_serves 2
  assert_here edge-1 edge-2 kafka
}
