#!/bin/bash
# Waits until the node's first boot is over, puts right what somebody has changed on it since, checks what the Swarm relies on,
# its clock included, reports how full its disks are, pulls images if there is room, and removes those that no version needs. Agents never read a node's registry login, so what is here before a task starts
# is what it can start from.
require_parameters Images Serving
await_node
take_lock node-prepare

HOST_LIBRARY="${METALS_HOST_LIBRARY:-/usr/local/lib/metals/lib}"

# As the boot has left it. Docker itself is not restarted for that, since all tasks here would end.
restore_docker_config() (
  # shellcheck source=assets/host/lib/docker.sh
  source "${HOST_LIBRARY}/docker.sh"
  configure_docker
)

restore_guard() {
  local missing
  missing=$(metals-container-guard check) && return
  metals-container-guard || fail "containers could reach what is the node's own: ${missing}" "systemctl status metals-container-guard"
  log "containers could reach what is the node's own, and cannot any more: ${missing}"
}

check_host() {
  local info
  info=$(docker_query /info)
  mountpoint -q "$(jq -r .DockerRootDir <<<"${info}")" ||
    fail "$(jq -r .DockerRootDir <<<"${info}") is not a mount: the data volume ${METALS_DATA_VOLUME_ID} is not there"
  jq -e '.SecurityOptions | any(contains("no-new-privileges"))' <<<"${info}" >/dev/null ||
    fail "docker runs without no-new-privileges, which /etc/docker/daemon.json asks for" "systemctl restart docker    # on this node: its tasks start again"
  log "docker $(jq -r .ServerVersion <<<"${info}"), $(jq -r .NCPU <<<"${info}") CPUs," \
    "$(jq -r '.MemTotal / 1048576 | floor' <<<"${info}") MiB, swarm $(jq -r .Swarm.LocalNodeState <<<"${info}")"
}

# Certificates, leases and the time of events rely on it. Instance metadata is the clock that every node can ask; its time is
# in whole seconds.
CLOCK_SKEW_LIMIT_SECONDS=5

clock_is_right() {
  local date skew
  date=$(curl -sS -m 5 -o /dev/null -D - http://169.254.169.254/ 2>&1 | tr -d '\r' | sed -n 's/^[Dd]ate: //p') || true
  [[ -n ${date} ]] || { echo "instance metadata tells no time" && return 1; }
  skew=$(($(date +%s) - $(date -d "${date}" +%s)))
  ((${skew#-} <= CLOCK_SKEW_LIMIT_SECONDS)) ||
    { echo "it is ${skew#-} s $([[ ${skew} == -* ]] && echo behind || echo ahead), at most ${CLOCK_SKEW_LIMIT_SECONDS} s are allowed: chronyc tracking" && return 1; }
}

# A clock that has just been started may still be set.
check_clock() { wait_until 60 "comparing the clock of node ${METALS_SLOT} with that of instance metadata" clock_is_right; }

# The volume may have been enlarged since the boot; a file system that fills its volume stays as it is.
grow_file_system() {
  local root before after
  root=$(docker_query /info | jq -r .DockerRootDir)
  # Only XFS grows by this command; the lab's stand-in for a volume may be something else.
  [[ $(findmnt -n -o FSTYPE --target "${root}") == xfs ]] || { log "${root} is no XFS: not grown" && return; }
  before=$(df --output=size -B1 "${root}" | tail -n 1)
  xfs_growfs "${root}" >/dev/null
  after=$(df --output=size -B1 "${root}" | tail -n 1)
  ((after == before)) || log "${root} has grown from ${before} to ${after} bytes"
}

# How full a file system is, in percent of what it can hold, as one datum of a metric.
disk_use() { # FILE_SYSTEM PATH
  local percent
  percent=$(df --output=pcent "$2" | tail -n 1 | tr -dc '0-9')
  [[ -n ${percent} ]] || fail "df tells no percentage of $2: $(df --output=pcent "$2" | paste -sd ' ')"
  jq -cn --arg slot "${METALS_SLOT}" --arg file_system "$1" --argjson percent "${percent}" '{
    MetricName: "DiskUsedPercent", Unit: "Percent", Value: $percent,
    Dimensions: [{Name: "Slot", Value: $slot}, {Name: "FileSystem", Value: $file_system}]
  }'
}

put_metrics() { # DATA as JSON
  local output
  output=$(aws cloudwatch put-metric-data --cli-connect-timeout 5 --cli-read-timeout 10 --namespace "Metals/${METALS_STAGE}" --metric-data "$1" 2>&1) ||
    { tail -n 1 <<<"${output}" && return 1; }
}

# Alarms watch these metrics.
report_disk_use() {
  local root data
  root=$(docker_query /info | jq -r .DockerRootDir) || return 1
  data=$(disk_use data "${root}" && disk_use root /) || return 1
  data=$(jq -cs . <<<"${data}") || return 1
  wait_until 120 "reporting the use of disks" put_metrics "${data}"
  log "disks are used: $(jq -r 'map("\(.Dimensions[1].Value) \(.Value) %") | join(", ")' <<<"${data}")"
}

# The header that authorises a pull, on stdout. Docker wants base64 in its URL-safe form.
registry_login() {
  granted aws ecr get-login-password |
    jq -rR --arg registry "${METALS_REGISTRY}" '{username: "AWS", password: ., serveraddress: $registry} | @base64' |
    tr '+/' '-_' | sed 's/^/X-Registry-Auth: /'
}

# By Docker's API, with the login on a pipe: on a disk or among arguments it would outlive this script, which a time-out
# or a cancellation ends by SIGKILL. Docker answers 200 first and tells failures as the last line of its progress.
pull() { # URI
  local progress error
  progress=$(registry_login | docker_api POST "/images/create?fromImage=$1" -H @- 2>&1) ||
    { tail -n 1 <<<"${progress}" && return 1; }
  error=$(jq -rR 'fromjson? | .error // empty' <<<"${progress}" | tail -n 1)
  [[ -z ${error} ]] || { echo "${error}" && return 1; }
}

# The login to this account's registry must go nowhere else.
refuse_other_registries() {
  local pair
  for pair in ${SSM_Images//,/ }; do
    [[ ${pair#*=} == "${METALS_REGISTRY}/"* ]] ||
      fail "image ${pair#*=} is not in this account's registry, ${METALS_REGISTRY}; nothing was pulled"
  done
}

# Layers are unpacked beside their archives. What is too full for images would stop Kafka and MongoDB next.
PULL_NEEDS_MIB=1024

check_disk() {
  local root free_mib
  root=$(docker_query /info | jq -r .DockerRootDir)
  free_mib=$(($(df --output=avail -B1 "${root}" | tail -n 1) / 1048576))
  ((free_mib >= PULL_NEEDS_MIB)) ||
    fail "${root} on node ${METALS_SLOT} has ${free_mib} MiB left, and images need ${PULL_NEEDS_MIB} MiB; nothing was pulled" \
      "docker system df shows what is unused; or deploy with a larger dataVolumeGiB"
}

pull_images() {
  local pair uri is_checked=no
  for pair in ${SSM_Images//,/ }; do
    uri=${pair#*=}
    if docker image inspect "${uri}" >/dev/null 2>&1; then
      log "image of ${pair%%=*} is here"
      continue
    fi
    [[ ${is_checked} == yes ]] || { check_disk && is_checked=yes; }
    log "pulling the image of ${pair%%=*}"
    wait_until 120 "pulling ${uri}" pull "${uri}"
    docker image inspect "${uri}" >/dev/null 2>&1 || fail "docker pulled ${uri}, and does not have it" "docker images"
  done
}

# Which images may be needed, as lists of URIs: of the version that serves, of the one before it, and of those whose
# deployment was begun since. A deployment that fails leaves a mixture, whose tasks may move to any node.
IMAGE_LISTS="${METALS_STATE_FOLDER}/images"

wanted() { tr ',' '\n' <<<"${SSM_Images}" | sed 's/^[^=]*=//' | sort -u; }

# Whole or not at all: from half a list, images that are needed would be taken for old ones.
write_list() { # NAME, the list on stdin
  mkdir -p "${IMAGE_LISTS}"
  cat >"${IMAGE_LISTS}/$1.new"
  mv "${IMAGE_LISTS}/$1.new" "${IMAGE_LISTS}/$1"
}

read_list() { [[ ! -e ${IMAGE_LISTS}/$1 ]] || cat "${IMAGE_LISTS}/$1"; }

# The latest two: each attempt at the same fault would otherwise keep its images. What runs keeps its own in any case.
note_attempt() {
  [[ $(read_list attempted) != "$(wanted)" ]] || return 0
  read_list attempted | write_list attempted-before
  wanted | write_list attempted
}

note_serving() {
  [[ $(read_list serving) != "$(wanted)" ]] || return 0
  # The lists go with the instance, the images stay with the volume. Without a list, any of them may be needed.
  if [[ -e ${IMAGE_LISTS}/serving ]]; then
    read_list serving | write_list before
  else
    docker_query /images/json | jq -r '.[] | (.RepoTags // [])[], (.RepoDigests // [])[]' | write_list before
  fi
  # The list that tells whether this was done comes last.
  rm -f "${IMAGE_LISTS}/attempted" "${IMAGE_LISTS}/attempted-before"
  wanted | write_list serving
}

# Prints `container ID` and `image REFERENCE` for whatever goes. A container that is not a stopped task keeps its image;
# a stopped task does so only while its version may be needed. Images of other registries are somebody else's.
superseded() { # the images, the containers, then the needed URIs as strings, as JSON values on stdin
  jq -nr --arg registry "${METALS_REGISTRY}/" '
    input as $images | input as $containers | [inputs] as $needed |
    def references: (.RepoTags // []) + (.RepoDigests // []) | map(select(startswith("<none>") | not));
    def is_stopped_task: (.State | IN("exited", "dead")) and (.Labels // {} | has("com.docker.swarm.task.id"));
    [$containers[] | select(is_stopped_task | not) | .ImageID] as $held |
    [$images[] | references as $references
      | select(($references | length) > 0 and all($references[]; startswith($registry)))
      | select(any($references[]; IN($needed[])) or (.Id | IN($held[])) | not)
      | {id: .Id, tags: (if (.RepoTags // [] | length) > 0 then .RepoTags else $references end)}] as $old |
    ($containers[] | select(is_stopped_task and (.ImageID | IN($old[].id))) | "container \(.Id)"),
    ($old[].tags[] | "image \(.)")'
}

# Never by force: Docker refuses whatever a task has begun to use since. Leftovers are tried again at the next run.
remove_superseded() {
  local needed old kind name answer
  needed=$(for name in serving before attempted attempted-before; do read_list "${name}" || exit 1; done | jq -R .)
  old=$({ docker_query /images/json && docker_query '/containers/json?all=1' && echo "${needed}"; } | superseded)
  while read -r kind name; do
    [[ -n ${name} ]] || continue
    if answer=$(docker "${kind}" rm "${name}" 2>&1); then
      log "${kind} ${name} belongs to no version that may be needed: removed"
    else
      log "${kind} ${name} belongs to no version that may be needed, but stays: $(tail -n 1 <<<"${answer}")"
    fi
  done <<<"${old}"
}

# Versions before this one kept the registry login there, and left it when they were killed.
rm -rf "${METALS_RUN_FOLDER}/docker-config"
restore_docker_config
restore_guard
check_host
check_clock
grow_file_system
# Before images are pulled: a disk may be too full for them. A report that fails keeps no node from its images, without
# which none of its tasks can start; it fails the run at the end, so that a deployment shows why there would be no alarm.
is_reported=yes
(report_disk_use) || is_reported=no
if [[ ${SSM_Images} != none ]]; then
  refuse_other_registries
  [[ ${SSM_Serving} == yes ]] || note_attempt
  pull_images
  if [[ ${SSM_Serving} == yes ]]; then
    note_serving
    remove_superseded
  fi
fi
[[ ${is_reported} == yes ]] || fail "the use of the disks was not reported: the reason stands above" \
  "aws cloudwatch put-metric-data needs the role's grant and a way to CloudWatch"
log "node ${METALS_SLOT} is prepared"
