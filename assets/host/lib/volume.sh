#!/bin/bash
# The slot's data volume: attached, formatted once in its life, mounted, and grown to the size that the volume has.

VOLUME_TIMEOUT_SECONDS="${METALS_VOLUME_TIMEOUT_SECONDS:-600}"
FSTAB="${METALS_FSTAB:-/etc/fstab}"
BY_ID="${METALS_BY_ID:-/dev/disk/by-id}"

# EC2 names the device after the volume, without its hyphen; /dev/nvme1n1 may be another one after a reboot.
data_device() { echo "${BY_ID}/nvme-Amazon_Elastic_Block_Store_${METALS_DATA_VOLUME_ID/-/}"; }

# The volume may still be in the instance that this one replaces. It is never detached by force: unwritten data would go.
is_attached() { # INSTANCE
  local output state holder
  output=$(aws ec2 describe-volumes --volume-ids "${METALS_DATA_VOLUME_ID}" \
    --query 'Volumes[0].[State,Attachments[0].InstanceId]' --output text 2>&1) || {
    tail -n 1 <<<"${output}" && return 1
  }
  read -r state holder <<<"${output}"
  [[ ${holder} != "$1" ]] || return 0
  [[ ${state} == available ]] || { echo "it is ${state}, held by ${holder}" && return 1; }
  try aws ec2 attach-volume --volume-id "${METALS_DATA_VOLUME_ID}" --instance-id "$1" --device /dev/sdf
}

# An attachment may come to nothing after EC2 has accepted it: then the volume is available, and is asked for again.
device_is_here() { # DEVICE INSTANCE
  [[ ! -e $1 ]] || return 0
  is_attached "$2" || return 1
  [[ -e $1 ]] || { echo "it is attached, and there is no $1 yet" && return 1; }
}

attach_volume() { # DEVICE
  local id
  [[ ! -e $1 ]] || return 0
  id=$(instance_id)
  wait_until "${VOLUME_TIMEOUT_SECONDS}" "attaching ${METALS_DATA_VOLUME_ID} to ${id}" device_is_here "$1" "${id}"
}

# mkfs.xfs writes a superblock first, marked as in progress (sb_inprogress, the byte at 126), and takes the mark away last.
# Where it was killed in between, blkid finds XFS and the kernel refuses the mount: nothing can have been written there.
is_half_formatted() { # DEVICE
  [[ $(od -An -tu1 -j 126 -N 1 "$1" | tr -d ' ') == 1 ]]
}

# Formats only a device on which blkid finds nothing (exit code 2), or half of what this function makes; anything else but
# XFS is an error.
format_volume() { # DEVICE
  local found code=0
  found=$(blkid -p -o export -s TYPE -s PTTYPE "$1") || code=$?
  case ${code} in
    0)
      grep -qx 'TYPE=xfs' <<<"${found}" ||
        fail "$1 holds $(grep -E '^(PT)?TYPE=' <<<"${found}" | paste -sd' '), expected TYPE=xfs or nothing; nothing was changed"
      is_half_formatted "$1" || return 0
      log "$1 holds no file system yet, because its formatting was cut off: formatting again"
      mkfs.xfs -q -f -L metals-data "$1"
      ;;
    # XFS allows labels of 12 characters at most. The label is for people: the mount is by UUID.
    2) log "$1 is empty: formatting" && mkfs.xfs -q -L metals-data "$1" ;;
    *) fail "blkid $1 answered ${code}; nothing was formatted" ;;
  esac
}

# By UUID, so that a volume is found whatever its label and its device. nofail: a node without its volume still
# boots as far as the agent and this script; docker's drop-in keeps Docker from starting on the root disk.
write_fstab() { # UUID
  local others
  others=$(awk -v root="${DATA_ROOT}" '$2 != root' "${FSTAB}")
  printf '%s\nUUID=%s %s xfs defaults,nofail 0 2\n' "${others}" "$1" "${DATA_ROOT}" >"${FSTAB}.new"
  mv "${FSTAB}.new" "${FSTAB}"
}

mount_data() {
  local device uuid source
  device=$(data_device)
  if [[ ! -e ${device} ]] && mountpoint -q "${DATA_ROOT}"; then
    log "${DATA_ROOT} is mounted, from elsewhere than ${device}"
    return
  fi
  attach_volume "${device}"
  format_volume "${device}"
  uuid=$(blkid -p -o value -s UUID "${device}")
  write_fstab "${uuid}"
  systemctl daemon-reload
  mkdir -p "${DATA_ROOT}"
  mountpoint -q "${DATA_ROOT}" || mount "${DATA_ROOT}"
  source=$(findmnt -n -o SOURCE --mountpoint "${DATA_ROOT}")
  [[ $(realpath "${source}") == "$(realpath "${device}")" ]] || fail "${DATA_ROOT} is mounted from ${source}, expected ${device}"
  # The volume may have been enlarged since; without growth this changes nothing.
  xfs_growfs "${DATA_ROOT}" >/dev/null
  log "${METALS_DATA_VOLUME_ID} is mounted on ${DATA_ROOT}"
}
