#!/bin/bash
# What a node knows that may explain a fault. Each answer is JSON, and there is one however ill the node is.
DISK_SAMPLES="${METALS_STATE_FOLDER}/disk-samples"
DISK_SAMPLES_KEPT=200
# Growth over less is that of a deployment, which brings images.
DISK_SAMPLE_LEAST_SECONDS=21600
PEER_SECONDS=2
SWARM_CERTIFICATE="${METALS_SWARM_FOLDER:-/var/lib/docker/swarm}/certificates/swarm-node.crt"

# Of / and of the data volume: size, use, and how fast that has grown since the oldest look that is remembered.
disks_of_node() {
  local found now
  now=$(date +%s)
  found=$(df -B1 --output=target,size,used,avail,itotal,iused / /var/lib/docker 2>/dev/null | tail -n +2 | sort -u | jq -cR '
    split(" +"; "") | {mount: .[0], size_bytes: (.[1] | tonumber? // 0), used_bytes: (.[2] | tonumber? // 0), free_bytes: (.[3] | tonumber? // 0),
      inodes: (.[4] | tonumber? // 0), inodes_used: (.[5] | tonumber? // 0)}' | jq -cs 'unique_by(.mount)') || found='[]'
  remember_disks "${now}" "${found}" 2>/dev/null || true
  { cat "${DISK_SAMPLES}" 2>/dev/null || true; } | jq -cs --argjson now "${now}" --argjson found "${found}" --argjson least "${DISK_SAMPLE_LEAST_SECONDS}" '
    . as $samples | $found | map(. as $disk
      | ([$samples[] | select(.mount == $disk.mount and .at <= $now - $least and .size_bytes == $disk.size_bytes)] | first) as $before
      | . + (if $before == null then {grown_bytes: null, over_seconds: null}
          else {grown_bytes: (.used_bytes - $before.used_bytes), over_seconds: ($now - $before.at)} end))'
}

# At most one look each five minutes, and those of two days. Of two runs at a time one remembers.
remember_disks() { # NOW DISKS
  mkdir -p "${METALS_RUN_FOLDER}" "${METALS_STATE_FOLDER}"
  (
    flock -n 9 || exit 0
    write_disks "$@"
  ) 9>"${METALS_RUN_FOLDER}/disk-samples.lock"
}

write_disks() { # NOW DISKS
  local newest kept
  newest=$(tail -n 1 "${DISK_SAMPLES}" 2>/dev/null | jq -r '.at // 0' || echo 0)
  (($1 - ${newest:-0} >= 300)) || return 0
  kept=$({ cat "${DISK_SAMPLES}" 2>/dev/null || true; } | jq -c --argjson now "$1" 'select(.at > $now - 172800)' | tail -n "${DISK_SAMPLES_KEPT}")
  {
    [[ -z ${kept} ]] || echo "${kept}"
    jq -c --argjson now "$1" '.[] | {at: $now, mount, size_bytes, used_bytes}' <<<"$2"
  } >"${DISK_SAMPLES}.new"
  mv "${DISK_SAMPLES}.new" "${DISK_SAMPLES}"
}

# Containers that are unhealthy, or have failed within a day, of each service the youngest: how they ended. Of the stack's own
# services their last words too; what others log is nobody's business here.
told_containers() {
  local ids told id
  ids=$(timeout 5 docker ps -aq --filter label=com.docker.swarm.task.id 2>/dev/null) || ids=''
  [[ -n ${ids} ]] || { echo '[]' && return 0; }
  # One that has gone meanwhile does not hide the others.
  # shellcheck disable=SC2086 # ids hold no blanks
  told=$({ timeout 8 docker inspect ${ids} 2>/dev/null || true; } | jq -c --arg since "$(date -u -d yesterday +%FT%T)" '[.[] | {
      id: .Id[:12], own: (.Config.Labels["com.docker.swarm.service.name"] // "" | startswith("metals_")), service: (.Config.Labels["com.docker.swarm.service.name"] // "" | ltrimstr("metals_")), task: (.Config.Labels["com.docker.swarm.task.id"] // "")[:12],
      running: .State.Running, exit_code: .State.ExitCode, out_of_memory: .State.OOMKilled, ended: (.State.FinishedAt // "")[:19],
      memory_limit_bytes: (.HostConfig.Memory // 0), health: (.State.Health.Status // null), failing_streak: (.State.Health.FailingStreak // 0),
      last_check_failed: ((.State.Health.Log // [] | last // {ExitCode: 0} | .ExitCode) != 0),
      health_output: ([.State.Health.Log // [] | .[] | select(.ExitCode != 0) | .Output] | last // null | if . == null then null else .[:300] end)
    # Docker calls every container that has ended unhealthy.
    } | select((.running or .ended >= $since) and if .running then .health == "unhealthy" or .failing_streak > 1 else .out_of_memory or .last_check_failed or (.exit_code | IN(0, 143) | not) end) | del(.last_check_failed)]
    | group_by([.service, .running]) | map(max_by(.ended)) | sort_by((.running | not), .ended) | .[:6]') || told='[]'
  while read -r id; do
    [[ -n ${id} ]] || continue
    timeout 3 docker logs --tail 20 "${id}" 2>&1 | telling_lines | complaints | tail -n 2 | cut -c 1-300 | jq -cR . | jq -cs --arg id "${id}" '{($id): .}'
  done < <(jq -r '.[] | select(.own) | .id' <<<"${told:-[]}") | jq -cs --argjson told "${told:-[]}" 'add as $lines | $told | map(.last_lines = ($lines[.id] // []) | if .own then . else .health_output = null end | del(.own))'
}

# Whether the edge of this node reaches those of the others through the overlay network, where names are told by gossip and
# packets go another way. A refusal is an answer as well; of what could not be tried nothing is told.
probe_peers() {
  local edge pid own address began error
  edge=$(timeout 5 docker ps -q --filter label=com.docker.swarm.service.name=metals_edge --filter status=running 2>/dev/null | head -n 1) || edge=''
  [[ -n ${edge} ]] || { echo null && return 0; }
  pid=$(docker_api GET "/containers/${edge}/json" -m 5 2>/dev/null | jq -r .State.Pid) || pid=0
  own=$(nsenter -t "${pid}" -n ip -4 -o addr 2>/dev/null | awk '{sub("/.*", "", $4); print $4}') || own=''
  [[ -n ${own} ]] || { echo null && return 0; }
  { timeout 5 docker exec "${edge}" getent ahostsv4 tasks.edge 2>/dev/null || true; } | awk '{print $1}' | sort -u | while read -r address; do
    ! grep -qxF "${address}" <<<"${own}" || continue
    probe_peer "${pid}" "${address}" &
  done | jq -cs 'sort_by(.address)'
}

probe_peer() { # PID ADDRESS
  local began error code=0
  began=$(date +%s%3N)
  error=$(nsenter -t "$1" -n timeout "${PEER_SECONDS}" bash -c "exec 3<>/dev/tcp/$2/8000" 2>&1) || code=$?
  if ((code == 124)); then
    error="no answer within ${PEER_SECONDS} s"
  elif ((code == 0)) || [[ ${error} == *refused* ]]; then
    error=''
  elif [[ ${error} != *unreachable* && ${error} != *'No route'* ]]; then
    return 0
  fi
  jq -nc --arg address "$2" --arg error "${error##*: }" --argjson ms $(($(date +%s%3N) - began)) '{address: $address, error: (if $error == "" then null else $error end), milliseconds: $ms}'
}

# How far this clock is from that of the time service, in seconds; null where there is no chrony.
clock_of_node() {
  local told
  command -v chronyc >/dev/null || { echo null && return 0; }
  told=$(timeout 3 chronyc -c tracking 2>/dev/null) || { echo '{"offset_seconds": 0, "synchronised": false}' && return 0; }
  jq -cR 'split(",") | {offset_seconds: (.[4] | tonumber), synchronised: (.[13] == "Normal")}' <<<"${told}" || echo null
}

# The certificate by which this node speaks to the Swarm, which renews it by itself.
certificate_ends() {
  local end
  end=$(openssl x509 -noout -enddate -in "${SWARM_CERTIFICATE}" 2>/dev/null) || { echo null && return 0; }
  echo $(($(date -d "${end#notAfter=}" +%s) - $(date +%s)))
}

# Why networks and addresses could not be given out, as the leader has logged it: the first time only, so of a whole day.
allocation_errors() {
  timeout 5 journalctl -u docker.service --since -24h --no-pager -o cat 2>/dev/null |
    { grep -aE 'ailed allocation|could not find an available IP|allocator exited|ingress network is missing|not allocated yet|Pool overlaps' || true; } | tail -n 3 | cut -c 1-300 || true
}
