#!/bin/bash
# Deploys the stack. In order: the bundle is verified, what the stack relies on is checked, networks are made, the stack is
# deployed, and its state is watched until it has converged. What has not converged is explained, with its last log lines.
require_parameters Stage BundleBucket BundleKey BundleSha256 Images KafkaMode OverlayEncryption TimeoutSeconds Versions OnlyWhen
load_node
leave_unless_manager
require_manager
take_lock stack

RELEASES="${METALS_STATE_FOLDER}/releases"
RELEASE="${RELEASES}/${SSM_BundleSha256:0:12}"
RELEASES_KEPT=3
ALLOCATION_TIMEOUT_SECONDS="${METALS_ALLOCATION_TIMEOUT_SECONDS:-20}"

# A release is whole when it gets its name. A killed run leaves its parts in .incoming, which the next one removes first;
# `aws s3 cp` downloads under a random name.
fetch_bundle() {
  local incoming="${RELEASES}/.incoming" archive actual
  archive="${incoming}/bundle.tar.gz"
  rm -rf "${incoming}"
  mkdir -p "${incoming}/release"
  # Versions before this one downloaded beside the releases.
  find "${RELEASES}" -mindepth 1 -maxdepth 1 -type f -delete
  granted aws s3 cp --only-show-errors "s3://${SSM_BundleBucket}/${SSM_BundleKey}" "${archive}"
  actual=$(sha256sum "${archive}" | cut -d ' ' -f 1)
  [[ ${actual} == "${SSM_BundleSha256}" ]] ||
    fail "the bundle's SHA-256 is ${actual}, expected ${SSM_BundleSha256}; it was not unpacked" \
      "deploy again; if it stays so, someone has changed s3://${SSM_BundleBucket}/${SSM_BundleKey}"
  tar -xzf "${archive}" -C "${incoming}/release" --no-same-owner
  # The archive has no times, so that its folder would be the oldest of all, and the first to go.
  touch "${incoming}/release"
  rm -rf "${RELEASE}"
  mv "${incoming}/release" "${RELEASE}"
  rm -rf "${incoming}"
  # shellcheck disable=SC2012 # names of our own making
  ls -1dt "${RELEASES}"/*/ | tail -n +$((RELEASES_KEPT + 1)) | xargs -r rm -rf
}

node_with_label() { # LABEL: its id; one node, no more and no less
  local ids
  ids=$(docker_query /nodes | jq -r --arg k "$1" '.[] | select(.Spec.Labels[$k] == "true") | .ID')
  [[ $(grep -c . <<<"${ids}") == 1 ]] ||
    fail "the label $1=true is on $(grep -c . <<<"${ids}" || :) nodes, expected on exactly one: its data is there" \
      "deploy the stack metals-${SSM_Stage}-swarm, which labels the nodes"
  echo "${ids}"
}

# Data of one mode means nothing to the other, so the mode is written on the node that holds it.
check_kafka_mode() {
  local id=$1 written
  written=$(docker_query "/nodes/${id}" | jq -r '.Spec.Labels["metals.kafka-mode"] // ""')
  [[ -z ${written} || ${written} == "${SSM_KafkaMode}" ]] ||
    fail "Kafka's data on this Swarm was written in ${written} mode and cannot be read in ${SSM_KafkaMode} mode" \
      "set kafkaMode=${written}; or, to lose all events in Kafka: run the document metals-${SSM_Stage}-stack-remove on all nodes with RemoveData=kafka, and deploy again"
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

create_network() { # WANTED, an entry of networks.json
  local name options
  name=$(jq -r .name <<<"$1")
  mapfile -t options < <(jq -r '"--subnet", .subnet, (select(.encrypted) | "--opt", "encrypted"), (select(.internal) | "--internal")' <<<"$1")
  docker network create --driver overlay --label com.metals.pipeline=true "${options[@]}" "${name}" >/dev/null
  log "network ${name} is made: $(jq -r '"\(.subnet), encrypted: \(.encrypted), internal: \(.internal)"' <<<"$1")"
}

# Names the network that is in the way, whose it is, and what removes it; removing this stack would change nothing.
fail_collision() { # NAME SUBNET
  local others
  others=$(docker_query /networks | overlapping_networks "$1" "$2")
  [[ ${others} != '[]' ]] ||
    fail "network $1 is not allocated, and no network that Docker lists here overlaps its subnet $2" \
      "look for 'Failed allocation' on the leader: journalctl -u docker"
  fail "network $1 is not allocated: its subnet $2 overlaps $(jq -r '[.[] | "\(.name) (\(.subnet), \(.owner))"] | join(", ")' <<<"${others}")" \
    "$(jq -r '([.[].command // empty] | unique) as $commands
      | if ($commands | length) > 0 then "on a manager: \($commands | join("; "))" else "give the network another range in the configuration" end' <<<"${others}"), then deploy again"
}

ensure_network() { # WANTED, an entry of networks.json
  local name subnet problem deadline=$((SECONDS + ALLOCATION_TIMEOUT_SECONDS))
  name=$(jq -r .name <<<"$1")
  subnet=$(jq -r .subnet <<<"$1")
  docker network inspect "${name}" >/dev/null 2>&1 || create_network "$1"
  while true; do
    problem=$(docker_query "/networks/${name}" | network_problem "$1")
    # A new network is allocated a moment after it was made; one that collides never is.
    if [[ ${problem} != 'is not allocated'* ]] || ((SECONDS >= deadline)); then break; fi
    sleep 1
  done
  [[ ${problem} != 'is not allocated'* ]] || fail_collision "${name}" "${subnet}"
  [[ -z ${problem} ]] || fail "network ${name} ${problem}" \
    "networks are never changed in place: run the document metals-${SSM_Stage}-stack-remove, then deploy again"
}

ensure_networks() { # ENCRYPTION
  local wanted all
  all=$(jq -c --arg encryption "$1" '.[] | .encrypted = (.encrypted and $encryption == "on")' "${RELEASE}/networks.json")
  while read -r wanted; do ensure_network "${wanted}"; done <<<"${all}"
}

# By digest: what runs is what was pulled here, and an agent that has the digest asks no registry.
image_digest() { # URI; nothing where the image is not here
  local found
  found=$(docker image inspect "$1" 2>/dev/null) || return 0
  jq -r --arg repository "${1%:*}" '[.[0].RepoDigests[]? | select(startswith($repository + "@"))][0] // empty' <<<"${found}"
}

short_hash() { sha256sum | cut -c "1-${SHORT}"; }
variable_name() { tr '[:lower:]/-' '[:upper:]__' <<<"$1"; }

# The versions that the stack is deployed with are those that were brought here a moment ago: secrets.json names them.
# shellcheck disable=SC2034 # rotation.sh reads api_key_id
sync_secrets() {
  local entries secret_id keys key
  entries=$(jq -r '.[] | "\(.secret_id) \(.keys | join(" "))"' "${RELEASE}/secrets.json")
  while read -r secret_id keys; do
    # shellcheck disable=SC2086 # one word for each key
    sync_secret "${secret_id}" ${keys}
    for key in ${keys}; do
      export "METALS_SECRET_VERSION_$(variable_name "${key}")=${SYNCED[${key}]}"
      [[ ${key} != api-key ]] || api_key_id=${secret_id}
    done
  done <<<"${entries}"
}

export_variables() {
  local line pair uri digest file stem
  while IFS= read -r line; do export "${line?}"; done <"${RELEASE}/settings.env"
  METALS_DEPLOYMENT=$(echo "${SSM_BundleSha256} ${SSM_Images}" | short_hash)
  export METALS_DEPLOYMENT
  for pair in ${SSM_Images//,/ }; do
    uri=${pair#*=}
    digest=$(image_digest "${uri}")
    [[ -n ${digest} ]] || fail "the image of ${pair%%=*} is not on this node: ${uri}" "run the document metals-${SSM_Stage}-node-prepare"
    export "METALS_IMAGE_$(variable_name "${pair%%=*}")=${digest}"
  done
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

deploy() {
  local files=(-c stack.yml) refusal
  [[ ${SSM_KafkaMode} != zookeeper ]] || files+=(-c stack.zookeeper.yml)
  [[ -z ${METALS_SECRET_VERSION_API_KEY_OTHER} ]] || files+=(-c stack.rotation.yml)
  sed "s/METALS_SETUP_HASH/${METALS_SETUP_HASH}/g" "${RELEASE}/setup.yml" >"${RELEASE}/setup.rendered.yml.new"
  mv "${RELEASE}/setup.rendered.yml.new" "${RELEASE}/setup.rendered.yml"
  files+=(-c setup.rendered.yml)
  refusal=$(cd "${RELEASE}" && docker stack deploy --prune --resolve-image never "${files[@]}" "${STACK}" 2>&1) ||
    fail "docker refused the stack: $(tail -n 5 <<<"${refusal}")"
}

# The reason in CloudFormation has room for some 1,700 bytes of this, at most 400 for each service; all of it is on stdout,
# which goes to the log group whole.
EXPLANATION_LIMIT_BYTES=1500
SERVICE_LIMIT_BYTES=400
LOG_LINES=3

# A log that cannot be read must not hide the other reasons.
task_log() { # TASK
  { timeout 15 docker service logs --raw --tail 40 "$1" 2>&1 || echo "(no log)"; } | cut -c 1-240
}

explain_service() { # STATE SERVICE LOG: bounded; what its tasks and the last telling lines of its log say
  local lines
  lines=$(telling_lines <<<"$3" | tail -n "${LOG_LINES}" | sed 's/^/    /')
  {
    describe_service "$2" <<<"$1" | cut -c 1-160
    [[ -z ${lines} ]] || printf '  last lines of its log:\n%s\n' "${lines}"
  } | first_bytes "${SERVICE_LIMIT_BYTES}"
}

# On stderr the causes, the likely root first, within the limit; on stdout every unhappy service with more of its log.
explain() { # STATE
  # Lengths in bytes.
  local name task log told rest=() text LC_ALL=C
  text=$(describe_ground <<<"$1" | first_bytes "${SERVICE_LIMIT_BYTES}")
  while read -r name; do
    [[ -n ${name} ]] || continue
    task=$(task_with_log "${name}" <<<"$1")
    log=''
    [[ -z ${task} ]] || log=$(task_log "${task}")
    describe_service "${name}" <<<"$1"
    echo "${log}"
    told=$(explain_service "$1" "${name}" "${log}")
    if ((${#text} + ${#told} < EXPLANATION_LIMIT_BYTES)); then text+="${text:+$'\n'}${told}"; else rest+=("${name}"); fi
  done < <(unhappy_services <<<"$1")
  echo "${text}" >&2
  ((${#rest[@]} == 0)) || echo "also unhappy, in the log group /metals/${SSM_Stage}/documents: ${rest[*]}" | cut -c 1-160 >&2
}

converge() {
  local state answer last='' deadline=$((SECONDS + SSM_TimeoutSeconds))
  while true; do
    state=$(stack_state)
    answer=$(verdict <<<"${state}")
    case ${answer} in
      converged) return ;;
      failed)
        explain "${state}"
        fail "the stack did not converge: an update failed and was rolled back; the version before it is serving"
        ;;
      stuck:*)
        explain "${state}"
        fail "the stack did not converge: an update is paused and goes no further: ${answer#stuck: }" \
          "remove the cause above and deploy again; until then tasks of two versions may be serving"
        ;;
    esac
    ((SECONDS < deadline)) || {
      explain "${state}"
      fail "the stack did not converge within ${SSM_TimeoutSeconds} s: $(first_bytes 160 <<<"${answer#waiting: }")"
    }
    # On stdout: of stderr only the beginning is kept, and the explanation must be in it.
    [[ ${answer} == "${last}" ]] || log "${answer} ($((deadline - SECONDS)) s left)" 2>&1
    last=${answer}
    sleep 1
  done
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
fetch_bundle
kafka_node=$(node_with_label metals.kafka)
mongodb_node=$(node_with_label metals.mongodb)
check_kafka_mode "${kafka_node}"
encrypt=$(encryption)
log "overlay encryption: ${encrypt} (asked for: ${SSM_OverlayEncryption})"
ensure_networks "${encrypt}"
export_variables
plan_rotation
leave_unless_asked
docker node update --label-add "metals.kafka-mode=${SSM_KafkaMode}" "${kafka_node}" >/dev/null
deploy
converge
finish_rotation
remove_unreferenced
tell_rotated
log "the stack has converged: $(stack_state | jq -r '[.services[] | "\(.name) \(.running)/\(.desired)"] | join(", ")')"
