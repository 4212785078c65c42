#!/usr/bin/env bash
# Gives the node the CPU and memory of its instance type, dockerd and tasks included, as far as the kernel allows.
# What holds and what does not is printed, and kept in /run/metals-lab/limits.json for `metals lab status`.

# Without them the entrypoint does not come here.
ENFORCED=('security groups')
NOT_ENFORCED=('CPU credits of t3' 'bandwidth of network and EBS')

apply_limits() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    delegate_cgroup_v2
  elif [[ -n ${LAB_CGROUP_PARENT:-} ]]; then
    limit_cgroup_v1
  else
    NOT_ENFORCED+=("CPU and memory: cgroup v1 without LAB_CGROUP_PARENT")
  fi
  if [[ $LAB_VOLUMES == loop ]]; then
    ENFORCED+=('size of the data volume (loop device)')
  else
    NOT_ENFORCED+=('EBS: without loop devices a Docker volume is mounted from the start, and its size does not count')
  fi
  overlay_meminfo
  check_visible_cpus
  report_limits
}

# dockerd runs with --cgroup-parent set to the same cgroup, so one limit covers the node and all its tasks.
limit_cgroup_v1() {
  local bytes=$((LAB_MEMORY_MIB * 1024 * 1024)) memory=/sys/fs/cgroup/memory$LAB_CGROUP_PARENT
  local cpu=/sys/fs/cgroup/cpu$LAB_CGROUP_PARENT
  remove_dead_cgroups
  if write_limit "$memory/memory.limit_in_bytes" "$bytes"; then
    ENFORCED+=("memory $LAB_MEMORY_MIB MiB (cgroup v1)")
    # Exists only where the kernel accounts for swap.
    if [[ -f $memory/memory.memsw.limit_in_bytes ]]; then
      write_limit "$memory/memory.memsw.limit_in_bytes" "$bytes" || NOT_ENFORCED+=('use of swap')
    fi
  else
    NOT_ENFORCED+=("memory: $memory is not writable")
  fi
  if write_limit "$cpu/cpu.cfs_period_us" 100000 && write_limit "$cpu/cpu.cfs_quota_us" $((LAB_VCPUS * 100000)); then
    ENFORCED+=("$LAB_VCPUS vCPU (cgroup v1)")
  else
    NOT_ENFORCED+=("CPU: $cpu has no quota")
  fi
}

write_limit() {
  [[ -f $1 ]] && printf '%s\n' "$2" >"$1"
}

# The node that had this address before left the cgroups of its tasks. rmdir refuses every cgroup that lives.
remove_dead_cgroups() {
  local dead
  while IFS= read -r dead; do
    rmdir "$dead" 2>/dev/null || log "cgroup $dead is still in use"
  done < <(find /sys/fs/cgroup/*"$LAB_CGROUP_PARENT" -mindepth 1 -depth -type d -not -path "*$(own_cgroup)*" 2>/dev/null)
}

# Last part of the cgroup that this shell lives in: the container's id.
own_cgroup() {
  local path
  path=$(awk -F: '$2 == "memory" { print $3 }' /proc/self/cgroup)
  printf '%s' "${path##*/}"
}

# Docker limits the container's own cgroup (--memory, --cpus). Tasks are to become its children, which cgroup v2
# allows only where the parent holds no process itself.
delegate_cgroup_v2() {
  local root=/sys/fs/cgroup pid memory_max cpu_max
  mount -o remount,rw "$root" || fail "cannot make $root writable: the container needs CAP_SYS_ADMIN"
  mkdir -p "$root/init"
  while IFS= read -r pid; do
    # A process that has ended meanwhile cannot be moved, and need not be.
    printf '%s\n' "$pid" >"$root/init/cgroup.procs" 2>/dev/null || [[ ! -d /proc/$pid ]] ||
      fail "cannot move process $pid out of the root cgroup"
  done <"$root/cgroup.procs"
  sed -e 's/ / +/g' -e 's/^/+/' <"$root/cgroup.controllers" >"$root/cgroup.subtree_control"
  memory_max=$(<"$root/memory.max")
  cpu_max=$(<"$root/cpu.max")
  if [[ $memory_max == max ]]; then
    NOT_ENFORCED+=('memory: memory.max is not set')
  else
    ENFORCED+=("memory $((memory_max / 1024 / 1024)) MiB (cgroup v2)")
  fi
  if [[ $cpu_max == max* ]]; then
    NOT_ENFORCED+=('CPU: cpu.max is not set')
  else
    ENFORCED+=("CPU quota/period $cpu_max us (cgroup v2)")
  fi
}

# Swarm schedules by what dockerd reads in /proc/meminfo, which shows the host's memory in every container.
overlay_meminfo() {
  local total_kib=$((LAB_MEMORY_MIB * 1024)) host_kib
  host_kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
  if ((host_kib <= total_kib)); then
    NOT_ENFORCED+=("memory: the host itself has only $((host_kib / 1024)) MiB")
    return
  fi
  awk -v total="$total_kib" '
    $1 == "MemTotal:" { $2 = total }
    ($1 == "MemFree:" || $1 == "MemAvailable:") && $2 > total { $2 = total }
    $1 ~ /^Swap/ { $2 = 0 }
    { printf "%-16s%8s%s\n", $1, $2, ($3 == "" ? "" : " " $3) }' /proc/meminfo >/run/metals-lab/meminfo
  if mount --bind /run/metals-lab/meminfo /proc/meminfo; then
    ENFORCED+=("Swarm sees $LAB_MEMORY_MIB MiB")
  else
    NOT_ENFORCED+=("what Swarm sees as memory: the host's $((host_kib / 1024)) MiB")
  fi
}

check_visible_cpus() {
  local visible
  visible=$(nproc)
  if ((visible == LAB_VCPUS)); then
    ENFORCED+=("Swarm sees $visible CPUs")
  else
    NOT_ENFORCED+=("what Swarm sees as CPUs: $visible instead of $LAB_VCPUS")
  fi
}

report_limits() {
  local limit
  for limit in "${ENFORCED[@]}"; do log "enforced: $limit"; done
  for limit in "${NOT_ENFORCED[@]}"; do log "not enforced: $limit"; done
  jq -n --args '{enforced: $ARGS.positional[:$n | tonumber], notEnforced: $ARGS.positional[$n | tonumber:]}' \
    --arg n "${#ENFORCED[@]}" -- "${ENFORCED[@]}" "${NOT_ENFORCED[@]}" >/run/metals-lab/limits.json
}
