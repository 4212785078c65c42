#!/usr/bin/env bash
# Makes a Debian root file system from the packages of Debian's archive and imports it as a Docker image:
# the root of every stand-in, for machines that cannot pull images.
#
#   bootstrap.sh SUITE ARCHITECTURE IMAGE CONTENT
#
# CONTENT becomes the image's label com.metals.content, by which a later run knows that nothing changed.
#
# Needs root (debootstrap makes device nodes and enters the new root) and debootstrap.
set -Eeuo pipefail

readonly suite=${1:?usage: bootstrap.sh SUITE ARCHITECTURE IMAGE CONTENT}
readonly architecture=${2:?usage: bootstrap.sh SUITE ARCHITECTURE IMAGE CONTENT}
readonly image=${3:?usage: bootstrap.sh SUITE ARCHITECTURE IMAGE CONTENT}
readonly content=${4:?usage: bootstrap.sh SUITE ARCHITECTURE IMAGE CONTENT}

work=$(mktemp -d "${TMPDIR:-/tmp}/metals-lab-bootstrap.XXXXXX")
readonly work root=$work/root

# An interrupted debootstrap leaves proc and sys mounted below the new root; rm must not walk into them.
clean_up() {
  for mount in proc sys dev/pts dev; do
    if mountpoint -q "$root/$mount"; then umount -l "$root/$mount"; fi
  done
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

log=$work/debootstrap.log
if ! debootstrap --variant=minbase --arch="$architecture" --include=ca-certificates "$suite" "$root" >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  if [[ -f $root/debootstrap/debootstrap.log ]]; then tail -n 15 "$root/debootstrap/debootstrap.log" >&2; fi
  echo "bootstrap.sh: debootstrap could not make Debian $suite for $architecture" >&2
  exit 1
fi

# Fixes of the suite come from the same mirror's other two archives.
mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
cat >"$root/etc/apt/sources.list" <<EOF
deb $mirror $suite main
deb $mirror $suite-updates main
deb ${mirror%/}-security $suite-security main
EOF

# What Debian's own container images leave out: documentation, translations, package lists, caches.
cat >"$root/etc/dpkg/dpkg.cfg.d/docker" <<'EOF'
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
EOF
cat >"$root/etc/apt/apt.conf.d/docker" <<'EOF'
Acquire::Languages "none";
Acquire::Retries "3";
APT::AutoRemove::SuggestsImportant "false";
EOF
# Services are started by the container, never by a package's installation.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"

find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -type l -delete
# Directories stay: some packages (OpenJDK's) fail to install where man1 is missing.
find "$root"/usr/share/{info,locale,man} ! -type d -delete
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
rm -rf "$root"/var/log/*.log "$root"/debootstrap
find "$root/usr/share/doc" -type d -empty -delete

tar --one-file-system -C "$root" -c . |
  docker import --change 'CMD ["bash"]' --change 'LABEL com.metals.content='"$content" - "$image" >/dev/null
echo "imported $image"
