#!/bin/bash
# Deploys the stack. In order: the bundle is verified, all that can be known is checked, networks and secrets are made, the
# stack is deployed, and its state is watched until it has converged. What has not converged is explained, with its last log
# lines; evidence is kept, and the version that converged before is deployed again as a whole.
require_parameters Stage BundleBucket BundleKey BundleSha256 Images KafkaMode OverlayEncryption TimeoutSeconds Versions OnlyWhen
load_node
leave_unless_manager
require_manager
take_lease stack-deploy

RELEASES="${METALS_STATE_FOLDER}/releases"
RELEASE="${RELEASES}/${SSM_BundleSha256:0:12}"
RELEASES_KEPT=3
# No service is changed before `deploy`.
PHASE=gate
BEGUN=$(date +%s)
# As document.yml has it, less what the last lines take; and for how long the version before may take to come back.
RUN_SECONDS=3240
RETURN_SECONDS="${METALS_RETURN_SECONDS:-600}"

# A release is whole when it gets its name. A killed run leaves its parts in .incoming, which the next one removes first;
# `aws s3 cp` downloads under a random name.
fetch_bundle() { # BUCKET KEY SHA256
  local incoming="${RELEASES}/.incoming" archive actual
  archive="${incoming}/bundle.tar.gz"
  rm -rf "${incoming}"
  mkdir -p "${incoming}/release"
  # Versions before this one downloaded beside the releases.
  find "${RELEASES}" -mindepth 1 -maxdepth 1 -type f -delete
  granted aws s3 cp --only-show-errors "s3://$1/$2" "${archive}"
  actual=$(sha256sum "${archive}" | cut -d ' ' -f 1)
  [[ ${actual} == "$3" ]] ||
    fail "the bundle's SHA-256 is ${actual}, expected $3; it was not unpacked" \
      "deploy again; if it stays so, someone has changed s3://$1/$2"
  tar -xzf "${archive}" -C "${incoming}/release" --no-same-owner
  # The archive has no times, so that its folder would be the oldest of all, and the first to go.
  touch "${incoming}/release"
  rm -rf "${RELEASE}"
  mv "${incoming}/release" "${RELEASE}"
  rm -rf "${incoming}"
  # shellcheck disable=SC2012 # names of our own making
  ls -1dt "${RELEASES}"/*/ | tail -n +$((RELEASES_KEPT + 1)) | xargs -r rm -rf
}

encryption() { # on or off
  case ${SSM_OverlayEncryption} in
    on)
      kernel_has_esp || fail "the kernel of this node cannot encrypt overlays (no ESP with AES-GCM): everything between nodes would be dropped" \
        "look for 'blacklist esp4' in /etc/modprobe.d, or set overlayEncryption=off"
      echo on
      ;;
    probe) if kernel_has_esp; then echo on; else echo off; fi ;;
    off) echo off ;;
  esac
}

# By digest: what runs is what was pulled here, and an agent that has the digest asks no registry.
image_digest() { # URI; nothing where the image is not here
  local found
  found=$(docker image inspect "$1" 2>/dev/null) || return 0
  jq -r --arg repository "${1%:*}" '[.[0].RepoDigests[]? | select(startswith($repository + "@"))][0] // empty' <<<"${found}"
}

short_hash() { sha256sum | cut -c "1-${SHORT}"; }
variable_name() { tr '[:lower:]/-' '[:upper:]__' <<<"$1"; }

export_images() {
  local pair uri digest
  for pair in ${SSM_Images//,/ }; do
    uri=${pair#*=}
    digest=$(image_digest "${uri}")
    [[ -n ${digest} ]] || fail "the image of ${pair%%=*} is not on this node: ${uri}" "run the document metals-${SSM_Stage}-node-prepare on all nodes"
    export "METALS_IMAGE_$(variable_name "${pair%%=*}")=${digest}"
  done
}

# The versions that the stack is deployed with are those that were brought here a moment ago: secrets.json names them.
# shellcheck disable=SC2034 # rotation.sh reads api_key_id
sync_secrets() {
  local entries secret_id all key keys
  entries=$(jq -r '.[] | "\(.secret_id) \(.keys | join(" "))"' "${RELEASE}/secrets.json")
  while read -r secret_id all; do
    keys=()
    for key in ${all}; do ! needs_key "${key}" || keys+=("${key}"); done
    sync_secret "${secret_id}" "${keys[@]}"
    for key in "${keys[@]}"; do
      export "METALS_SECRET_VERSION_$(variable_name "${key}")=${SYNCED[${key}]}"
      [[ ${key} != api-key ]] || api_key_id=${secret_id}
    done
  done <<<"${entries}"
}

export_settings() {
  local line
  # A release of before has no such settings.
  export METALS_KAFKA=own METALS_KAFKA_BROKERS=1 METALS_MONGODB=own
  while IFS= read -r line; do export "${line?}"; done <"${RELEASE}/settings.env"
  keep_scale
  keep_maintenance
}

export_variables() {
  local file stem
  METALS_DEPLOYMENT=$(echo "${SSM_BundleSha256} ${SSM_Images}" | short_hash)
  export METALS_DEPLOYMENT
  sync_secrets
  for file in "${RELEASE}"/config/*; do
    stem=$(basename "${file%.*}")
    export "METALS_CONFIG_HASH_$(variable_name "${stem}")=$(short_hash <"${file}")"
  done
  # The setup job runs again when anything that it depends on is new, the nodes that hold the data included: a new one
  # begins without topics, users and indexes. A job with the same name has done its work.
  METALS_SETUP_HASH=$({ cat "${RELEASE}/setup.yml" "${RELEASE}"/config/* && echo "${kafka_node} ${mongodb_node}" && env | grep -E '^METALS_(IMAGE_TOOLS|SECRET_VERSION_.*|KAFKA_MODE)=' | sort; } | short_hash)
  export METALS_SETUP_HASH
}

render_setup() {
  sed "s/METALS_SETUP_HASH/${METALS_SETUP_HASH}/g" "${RELEASE}/setup.yml" >"${RELEASE}/setup.rendered.yml.new"
  mv "${RELEASE}/setup.rendered.yml.new" "${RELEASE}/setup.rendered.yml"
}

deploy() { # KAFKA_MODE [OPTION of docker stack deploy…]
  local files=(stack.yml) broker
  [[ $1 != zookeeper ]] || files+=(stack.zookeeper.yml)
  render_setup
  files+=(setup.rendered.yml)
  [[ -z ${METALS_SECRET_VERSION_API_KEY_OTHER} ]] || files+=(stack.rotation.yml)
  [[ -z ${METALS_KAFKA_CLUSTER_ID} ]] || ((METALS_KAFKA_BROKERS == 0)) || files+=(stack.broker-1.yml)
  for ((broker = 2; broker <= METALS_KAFKA_BROKERS; broker++)); do files+=("stack.broker-${broker}.yml"); done
  deploy_files "${@:2}" "${files[@]}"
}

# What the stack files interpolate, beside settings.env.
deployed_variables() { env | grep -E '^METALS_(IMAGE_|SECRET_VERSION_|CONFIG_HASH_|SETUP_HASH=|DEPLOYMENT=)' | sort; }

say() { echo "$*" >&2; }

# Deploys the version that converged last again, all of its services.
go_back() {
  [[ -z $(moves_begun kafka) ]] || { tell_move && return; }
  local record line sha256 prune=() seconds=$((RUN_SECONDS - SECONDS))
  record=$(read_serving)
  [[ -n ${record} ]] || { say "no version before this one has converged: there is none to go back to" && return; }
  [[ ${record} != "$(deployed_variables | serving_record "${SSM_KafkaMode}")" ]] ||
    { say "this is the version that converged last: there is none to go back to" && return; }
  sha256=$(jq -r .sha256 <<<"${record}")
  RELEASE="${RELEASES}/${sha256:0:12}"
  [[ -e ${RELEASE} ]] || fetch_bundle "$(jq -r .bucket <<<"${record}")" "$(jq -r .key <<<"${record}")" "${sha256}"
  export_settings
  # Whoever logs in with what this deployment has brought still does.
  export METALS_RETIRE=no METALS_SECRET_VERSION_API_KEY_OTHER=''
  while IFS= read -r line; do export "${line?}"; done < <(jq -r '.variables[]' <<<"${record}")
  ((METALS_KAFKA_BROKERS == 1)) || deploy_brokers
  # Brokers that are there now may hold what the first one does not: to go without them is a deployment of its own.
  [[ -n $(surplus_brokers) ]] || prune=(--prune)
  deploy "$(jq -r .kafka_mode <<<"${record}")" "${prune[@]}"
  await_convergence $((seconds < RETURN_SECONDS ? seconds : RETURN_SECONDS))
  [[ ${ANSWER} == converged ]] ||
    fail "the version before (bundle ${sha256:0:12}) was deployed again and has not converged: $(first_bytes 160 <<<"${ANSWER}")" \
      "remove the cause above and deploy again; until then tasks of two versions may be serving"
  say "the version before (bundle ${sha256:0:12}, with its configs and secrets) was deployed again and has converged"
}

# After the cause: where its traces are, and what serves now. None of the three may keep the others from being done.
after_failure() {
  local folder
  if [[ ${PHASE} == gate ]]; then
    say "no service was changed"
    [[ $(stack_services) == '[]' ]] || say "$(tell_serving 5)"
    return
  fi
  folder=$(
    set -e
    keep_evidence "${STATE:-$(stack_state)}" "${BEGUN}"
  )
  if [[ -n ${folder} ]]; then
    say "evidence: ${folder} on ${METALS_SLOT}: aws ssm start-session --target ${AWS_SSM_INSTANCE_ID:-<id>}, then sudo ls ${folder}"
  else
    say "no evidence could be kept: the line above says why"
  fi
  (
    set -e
    trap 'say "error: line ${LINENO}: ${BASH_COMMAND}: exit code $?"' ERR
    go_back
  )
  say "$(tell_serving 60)"
}

finish() {
  local code=$?
  trap - EXIT ERR
  set +e
  # Whoever has lost the lease leaves the rest to who has it.
  ((code == 0)) || [[ -z ${LEASE_ID} ]] || after_failure
  release_lease
  exit "${code}"
}

# What is left over does no harm, so failing to remove it fails no deployment: the next one tries again.
remove_unreferenced() {
  local kind name label names
  for kind in secret config; do
    label=com.metals.pipeline=true
    [[ ${kind} == secret ]] || label="com.docker.stack.namespace=${STACK}"
    names=$({ docker_query /services && docker_query "/${kind}s" "{\"label\":[\"${label}\"]}"; } | unreferenced)
    for name in ${names}; do
      if docker "${kind}" rm "${name}" >/dev/null; then
        log "${kind} ${name} is not used any more: removed"
      else
        log "${kind} ${name} is not used any more, but could not be removed; the next deployment tries again"
      fi
    done
  done
}

log "secrets asked for with versions ${SSM_Versions}"
trap finish EXIT
fetch_bundle "${SSM_BundleBucket}" "${SSM_BundleKey}" "${SSM_BundleSha256}"
export_settings
# Nodes that hold data: of an engine of somebody else there are none.
kafka_node='' mongodb_node=''
((METALS_KAFKA_BROKERS == 0)) || kafka_node=$(node_with_label metals.kafka)
[[ ${METALS_MONGODB} != own ]] || mongodb_node=$(node_with_label metals.mongodb)
for ((broker = 2; broker <= METALS_KAFKA_BROKERS; broker++)); do node_with_label "metals.kafka-${broker}" >/dev/null; done
[[ -z ${kafka_node} ]] || check_kafka_mode "${kafka_node}"
encrypt=$(encryption)
log "overlay encryption: ${encrypt} (asked for: ${SSM_OverlayEncryption})"
check_networks "${encrypt}"
check_secrets
export_images
check_room
renew_lease
ensure_networks "${encrypt}"
renew_lease
export_variables
plan_rotation
leave_unless_asked
PHASE=deploy
find_cluster
[[ -z ${kafka_node} ]] || docker node update --label-add "metals.kafka-mode=${SSM_KafkaMode}" "${kafka_node}" >/dev/null
deploy_brokers
move_engines
deploy "${SSM_KafkaMode}" --prune
converge
forget_moves
write_serving "$(deployed_variables | serving_record "${SSM_KafkaMode}")"
finish_rotation
# With the values alone that are accepted from here on.
[[ ${outdated} == '[]' ]] || write_serving "$(deployed_variables | serving_record "${SSM_KafkaMode}")"
remove_unreferenced
tell_rotated
log "the stack has converged: $(stack_state | jq -r '[.services[] | "\(.name) \(.running)/\(.desired)"] | join(", ")')"
