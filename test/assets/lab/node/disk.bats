#!/usr/bin/env bats
# Volumes as sparse files behind loop devices, with the machine's own kernel; and the names that a node gives them.
bats_require_minimum_version 1.5.0

setup() {
  export LAB_LIB=$BATS_TEST_DIRNAME/../../../../assets/lab/node/lib
  disk=$LAB_LIB/disk
  device=$LAB_LIB/device
  export LAB_DEV=$BATS_TEST_TMPDIR/dev LAB_DEVICES=$BATS_TEST_TMPDIR/state/devices
  mkdir -p "$LAB_DEV"
  # Unique: the kernel's list of loop devices is the whole machine's.
  image=$BATS_TEST_TMPDIR/metals-lab-test-$$-$BATS_TEST_NUMBER.img
}

teardown() {
  if [[ -z ${BATS_TEST_SKIPPED:-} && -e $image ]]; then "$disk" detach "$image"; fi
}

need_loop_devices() {
  [[ $EUID -eq 0 ]] || skip 'loop devices need root'
  "$disk" probe 2>/dev/null || skip 'this machine lets nobody use loop devices'
}

by_id() { printf '%s/disk/by-id/nvme-Amazon_Elastic_Block_Store_%s' "$LAB_DEV" "$1"; }

@test "a new disk has its size and uses no space" {
  run "$disk" create "$image" 20
  [ "$status" -eq 0 ]
  [ "$(stat -c %s "$image")" -eq $((20 * 1024 ** 3)) ]
  [ "$(stat -c %b "$image")" -eq 0 ]
}

@test "creating it again leaves the data alone" {
  "$disk" create "$image" 1
  printf data | dd of="$image" conv=notrunc status=none
  "$disk" create "$image" 1
  [ "$(head -c 4 "$image")" = data ]
}

@test "a disk gets one device, however often it is attached, and gives it back" {
  need_loop_devices
  "$disk" create "$image" 1
  run --separate-stderr "$disk" attach "$image"
  [ "$status" -eq 0 ]
  number=$output
  [ "$("$disk" attach "$image")" = "$number" ]
  [ "$("$disk" list metals-lab-test-$$)" = "$number $(basename "$image")" ]
  "$disk" detach "$image"
  [ -z "$("$disk" list metals-lab-test-$$)" ]
  # Twice: an interrupted detachment is completed by the next.
  "$disk" detach "$image"
}

# A losetup that answers as it is told, and mknod without its rights.
losetup_says() { # BODY
  mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/block"
  printf '#!/bin/bash\n%s\n' "$1" >"$BATS_TEST_TMPDIR/bin/losetup"
  printf '#!/bin/bash\n' >"$BATS_TEST_TMPDIR/bin/mknod"
  chmod +x "$BATS_TEST_TMPDIR/bin/losetup" "$BATS_TEST_TMPDIR/bin/mknod"
  export PATH="$BATS_TEST_TMPDIR/bin:$PATH" LAB_SYSTEM_BLOCK=$BATS_TEST_TMPDIR/block
}

@test "a machine whose loop devices are exhausted is told so, by the probe as well" {
  losetup_says 'echo "losetup: cannot find an unused loop device: No space left on device" >&2; exit 1'
  "$disk" create "$image" 1
  run "$disk" attach "$image"
  [ "$status" -eq 1 ]
  [[ $output == *"cannot find an unused loop device"*"no loop device is free: losetup --find failed"* ]]
  run "$disk" probe
  [ "$status" -eq 1 ]
  [[ $output == *"no loop device is free: losetup --find failed"* ]]
}

@test "a device that others take first is given up after some attempts, with what losetup said" {
  # shellcheck disable=SC2016 # expanded when the stand-in runs
  losetup_says '[[ $1 == --find ]] && echo "/dev/loop7 (lost)" && exit
echo "losetup: /dev/loop7: failed to set up loop device: Device or resource busy" >&2; exit 1'
  printf '#!/bin/bash\n' >"$BATS_TEST_TMPDIR/bin/sleep"
  chmod +x "$BATS_TEST_TMPDIR/bin/sleep"
  "$disk" create "$image" 1
  run "$disk" attach "$image"
  [ "$status" -eq 1 ]
  [[ $output == *"got no loop device in 20 attempts: losetup: /dev/loop7: failed to set up loop device: Device or resource busy" ]]
}

@test "a disk that grows is larger at once, on its device too" {
  need_loop_devices
  "$disk" create "$image" 1
  number=$("$disk" attach "$image")
  "$disk" grow "$image" 2
  [ "$(blockdev --getsize64 "/dev/loop$number")" -eq $((2 * 1024 ** 3)) ]
}

@test "a disk with a mounted file system stays until it is unmounted" {
  need_loop_devices
  command -v mkfs.xfs >/dev/null || skip 'xfsprogs is not installed'
  "$disk" create "$image" 1
  number=$("$disk" attach "$image")
  mkfs.xfs -q "/dev/loop$number"
  mkdir "$BATS_TEST_TMPDIR/mounted"
  mount "/dev/loop$number" "$BATS_TEST_TMPDIR/mounted" || skip 'mounting is not allowed here'
  run "$disk" detach "$image"
  [ "$status" -eq 3 ]
  [[ $output == *"still in use"* ]]
  umount "$BATS_TEST_TMPDIR/mounted"
  "$disk" detach "$image"
  [ -z "$("$disk" list metals-lab-test-$$)" ]
}

@test "a file that is not there is refused, with its name" {
  need_loop_devices
  run "$disk" attach "$image"
  [ "$status" -ne 0 ]
  [[ $output == *"$image"* ]]
}

@test "what a killed lab has left is released by the names of its files" {
  need_loop_devices
  "$disk" create "$image" 1
  "$disk" attach "$image"
  run "$disk" release "metals-lab-test-$$"
  [ "$status" -eq 0 ]
  [[ $output == *"which held $(basename "$image"), is free"* ]]
  [ -z "$("$disk" list "metals-lab-test-$$")" ]
}

@test "other devices are not listed" {
  run "$disk" list metals-lab-test-nothing-has-this-name
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "a node names its volume as EC2 does" {
  [[ $EUID -eq 0 ]] || skip 'mknod needs root'
  "$device" add vol-0123456789abcdef0 6
  [ "$(stat -L -c '%F %t:%T' "$(by_id vol0123456789abcdef0)")" = 'block special file 7:6' ]
  [ "$(readlink "$(by_id vol0123456789abcdef0)")" = ../../nvme1n1 ]
  "$device" add vol-0aaaaaaaaaaaaaaaa 7
  [ "$(readlink "$(by_id vol0aaaaaaaaaaaaaaaa)")" = ../../nvme2n1 ]
}

@test "the names come back after a reboot, and not after a detachment" {
  [[ $EUID -eq 0 ]] || skip 'mknod needs root'
  "$device" add vol-0123456789abcdef0 6
  "$device" add vol-0123456789abcdef0 6
  rm -r "$LAB_DEV"
  mkdir "$LAB_DEV"
  "$device" restore
  [ -b "$(by_id vol0123456789abcdef0)" ]
  "$device" remove vol-0123456789abcdef0
  [ ! -e "$LAB_DEV/nvme1n1" ]
  rm -r "$LAB_DEV"
  mkdir "$LAB_DEV"
  "$device" restore
  [ ! -e "$(by_id vol0123456789abcdef0)" ]
}

@test "anything else is a usage error with what was given" {
  run "$disk" attach
  [ "$status" -eq 1 ]
  [[ $output == *"got 'attach'"* ]]
  run "$device" frobnicate
  [[ $output == *"got 'frobnicate'"* ]]
}
