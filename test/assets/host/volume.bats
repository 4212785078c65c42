#!/usr/bin/env bats
load helpers

# mount, mountpoint, findmnt and xfs_growfs are stand-ins: a container may not mount. The rest of mount_data is real.
mounting() {
  stub mount <<<'touch "${METALS_DATA_ROOT}.mounted"'
  stub mountpoint <<<'[[ -e ${METALS_DATA_ROOT}.mounted ]]'
  stub findmnt <<<'echo "${MOUNTED_FROM:-${DEVICE}}"'
  stub xfs_growfs </dev/null
}

volume_is() { # STATE HOLDER, and what attach-volume does
  stub aws <<EOF
case "\$*" in
  *describe-volumes*) echo "$1 $2" ;;
  *attach-volume*) ${3:-touch "${DEVICE}"} ;;
esac
EOF
}

@test "an empty device is formatted by the real mkfs.xfs, and mounted by UUID" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M
  boot mount_data
  assert_status 0
  uuid=$(blkid -p -o value -s UUID "${DEVICE}")
  [[ -n ${uuid} ]]
  grep -qx "UUID=${uuid} ${METALS_DATA_ROOT} xfs defaults,nofail 0 2" "${METALS_FSTAB}"
  grep -q '^UUID=root / ' "${METALS_FSTAB}"
  assert_call "xfs_growfs ${METALS_DATA_ROOT}"
}

@test "a file system made earlier, under another label, is kept and mounted" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M
  mkfs.xfs -q -L older "${DEVICE}"
  printf 'LABEL=older %s xfs defaults,nofail 0 2\n' "${METALS_DATA_ROOT}" >>"${METALS_FSTAB}"
  before=$(blkid -p -o value -s UUID "${DEVICE}")
  boot mount_data
  assert_status 0
  [[ $(blkid -p -o value -s UUID "${DEVICE}") == "${before}" ]]
  [[ $(blkid -p -o value -s LABEL "${DEVICE}") == older ]]
  [[ $(grep -c " ${METALS_DATA_ROOT} " "${METALS_FSTAB}") == 1 ]]
}

# What mkfs.xfs leaves when a SIGKILL ends it after its first superblock: `strace -e inject=pwrite64:signal=KILL:when=50`
# gave this byte, blkid's TYPE=xfs, and a mount that the kernel refuses (Structure needs cleaning).
half_formatted() { mkfs.xfs -q "${DEVICE}" && printf '\x01' | dd of="${DEVICE}" bs=1 seek=126 conv=notrunc status=none; }

@test "a volume whose formatting was cut off is formatted again: it could not be mounted, so that nothing is on it" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M && half_formatted
  before=$(blkid -p -o value -s UUID "${DEVICE}")
  boot mount_data
  assert_status 0
  assert_output "its formatting was cut off"
  [[ $(blkid -p -o value -s UUID "${DEVICE}") != "${before}" ]]
  [[ $(od -An -tu1 -j126 -N1 "${DEVICE}" | tr -d ' ') == 0 ]]
}

@test "another file system, or a partition table, is left as it is" {
  mounting && device 64M
  mkfs.ext4 -q "${DEVICE}"
  before=$(sha256sum <"${DEVICE}")
  boot mount_data
  assert_status 1
  assert_output "holds TYPE=ext4, expected TYPE=xfs or nothing; nothing was changed"
  [[ $(sha256sum <"${DEVICE}") == "${before}" ]]
  refute_call "mount "
}

@test "a device that cannot be read is not formatted" {
  mounting && touch "${DEVICE}"
  stub blkid <<<'exit 4'
  stub mkfs.xfs </dev/null
  boot mount_data
  refute_call mkfs.xfs
  assert_status 1
  assert_output "answered 4; nothing was formatted"
}

@test "at a reboot the file system is grown too, to the size that the volume has" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M
  mkfs.xfs -q "${DEVICE}"
  touch "${METALS_DATA_ROOT}.mounted"
  boot mount_data
  assert_status 0
  refute_call "mount ${METALS_DATA_ROOT}"
  refute_call "aws "
  assert_call "xfs_growfs ${METALS_DATA_ROOT}"
}

@test "a file system that cannot grow fails the boot with its reason" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M
  mkfs.xfs -q "${DEVICE}"
  stub xfs_growfs <<<'echo "xfs_growfs: XFS_IOC_FSGROWFSDATA xfsctl failed: No space left on device" >&2; exit 1'
  boot mount_data
  assert_status 1
  assert_output "XFS_IOC_FSGROWFSDATA xfsctl failed: No space left on device"
  assert_output 'boot: error: line'
  [[ ${output} != *"is mounted on"* ]]
}

@test "a mount from elsewhere than the slot's volume is an error" {
  needs mkfs.xfs xfsprogs
  mounting && device 320M
  export MOUNTED_FROM=/dev/null
  boot mount_data
  assert_status 1
  assert_output "is mounted from /dev/null, expected ${DEVICE}"
}

@test "a volume that the old instance still has is waited for, and attached once it is free" {
  stub aws <<'EOS'
case "$*" in
  *describe-volumes*)
    echo . >>"${CALLS}.looks"
    if (($(wc -l <"${CALLS}.looks") < 3)); then echo "in-use i-old"; else echo "available None"; fi
    ;;
  *attach-volume*) touch "${DEVICE}" ;;
esac
EOS
  boot 'attach_volume "$(data_device)"'
  assert_status 0
  assert_output "attaching vol-0123 to i-new: it is in-use, held by i-old"
  assert_call "aws ec2 attach-volume --volume-id vol-0123 --instance-id i-new --device /dev/sdf"
  refute_call force
}

@test "an attachment that is refused twice is tried again" {
  volume_is available None 'echo . >>"${CALLS}.tries"
    (($(wc -l <"${CALLS}.tries") > 2)) || { printf "\nAn error occurred (VolumeInUse)\n" >&2; exit 254; }; touch "${DEVICE}"'
  boot 'attach_volume "$(data_device)"'
  assert_status 0
  assert_output "An error occurred (VolumeInUse)"
  [[ $(grep -c attach-volume "${CALLS}") == 3 ]]
}

@test "an attachment that is refused to the end is an error with the last reason" {
  volume_is available None 'echo "An error occurred (UnauthorizedOperation)" >&2; exit 254'
  boot 'attach_volume "$(data_device)"'
  assert_status 1
  assert_output "attaching vol-0123 to i-new: not within 2 s: An error occurred (UnauthorizedOperation)"
}

@test "a grant that is not yet in effect is waited for" {
  volume_is available None 'echo . >>"${CALLS}.tries"; (($(wc -l <"${CALLS}.tries") > 2)) || { echo "An error occurred (UnauthorizedOperation): ec2:AttachVolume"; exit 254; }; touch "${DEVICE}"'
  boot 'attach_volume "$(data_device)"'
  assert_status 0
  assert_output "attaching vol-0123 to i-new: An error occurred (UnauthorizedOperation): ec2:AttachVolume"
}

@test "a grant that is missing ends the wait before its time, and is named" {
  volume_is available None 'echo "An error occurred (UnauthorizedOperation): ec2:AttachVolume"; exit 254'
  METALS_VOLUME_TIMEOUT_SECONDS=600 METALS_GRANT_SECONDS=1 boot 'attach_volume "$(data_device)"'
  assert_status 1
  assert_output "attaching vol-0123 to i-new: denied for 1 s: An error occurred (UnauthorizedOperation): ec2:AttachVolume"
}

@test "a volume that this instance has already is not attached again; its device may come late" {
  volume_is in-use i-new
  (/bin/sleep 0.5 && touch "${DEVICE}") &
  boot 'attach_volume "$(data_device)"'
  assert_status 0
  assert_output "attaching vol-0123 to i-new: it is attached, and there is no ${DEVICE} yet"
  refute_call attach-volume
}

@test "an attachment that has come to nothing is asked for again" {
  volume_is available None '[[ ! -e ${CALLS}.asked ]] || touch "${DEVICE}"; touch "${CALLS}.asked"'
  boot 'attach_volume "$(data_device)"'
  assert_status 0
  [[ $(grep -c attach-volume "${CALLS}") == 2 ]]
}
