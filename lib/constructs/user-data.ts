import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { REPOSITORY } from '../repository';
import { packed } from './packed-text';

const HOST_FOLDER = path.join(REPOSITORY, 'assets', 'host');
const END = 'METALS_EOF';

/** Where each file of assets/host goes on a node, and its mode. */
const HOST_FILES: readonly (readonly [source: string, target: string, mode: string])[] = [
  ['boot.sh', '/usr/local/lib/metals/boot.sh', '0755'],
  ['boot-failed.sh', '/usr/local/lib/metals/boot-failed.sh', '0755'],
  ['lib/common.sh', '/usr/local/lib/metals/lib/common.sh', '0644'],
  ['lib/wait.sh', '/usr/local/lib/metals/lib/wait.sh', '0644'],
  ['lib/esp.sh', '/usr/local/lib/metals/lib/esp.sh', '0644'],
  ['lib/volume.sh', '/usr/local/lib/metals/lib/volume.sh', '0644'],
  ['lib/docker.sh', '/usr/local/lib/metals/lib/docker.sh', '0644'],
  ['lib/deployment.sh', '/usr/local/lib/metals/lib/deployment.sh', '0644'],
  ['lib/services.sh', '/usr/local/lib/metals/lib/services.sh', '0644'],
  ['lib/recovery.sh', '/usr/local/lib/metals/lib/recovery.sh', '0644'],
  ['swarm-fence.sh', '/usr/local/lib/metals/swarm-fence.sh', '0755'],
  ['edge-leave.sh', '/usr/local/lib/metals/edge-leave.sh', '0755'],
  ['container-guard.sh', '/usr/local/sbin/metals-container-guard', '0755'],
  ['units/metals-boot.service', '/etc/systemd/system/metals-boot.service', '0644'],
  ['units/metals-boot-failed.service', '/etc/systemd/system/metals-boot-failed.service', '0644'],
  ['units/metals-container-guard.service', '/etc/systemd/system/metals-container-guard.service', '0644'],
  ['units/metals-swarm-fence.service', '/etc/systemd/system/metals-swarm-fence.service', '0644'],
  ['units/docker.service.d/10-metals.conf', '/etc/systemd/system/docker.service.d/10-metals.conf', '0644'],
];

/** Read by documents, by the boot, and by systemd. */
const NODE_FILE = '/etc/metals/node.env';

/** User data may have 16 KB: lines that are only a comment stay in the repository. */
const withoutComments = (text: string): string => text.replace(/^[ \t]*#(?!!).*\n/gm, '');

const hostFile = (file: string): string => withoutComments(readFileSync(path.join(HOST_FOLDER, file), 'utf8'));

/** A file has its name once it is whole: a document may read node.env of a node whose user data was cut off. */
const WRITE_FUNCTION = `write() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}`;

const writeFile = (target: string, mode: string, content: string): string =>
  `write ${target} ${mode} <<'${END}'\n${content}${END}`;

/**
 * User data: writes the slot's settings and the files of assets/host, then runs user-data.sh. The settings, in which CloudFormation
 * puts ids, are readable; the rest is the same for every slot, and packed, because EC2 takes 16 KB. Other bytes replace nodes.
 *
 * @param settings values are ids, names and ranges, never secrets; they need no quotes in a shell or a unit
 */
export function renderUserData(settings: Readonly<Record<string, string>>): string {
  const files = [
    ...HOST_FILES.map(([source, target, mode]) => writeFile(target, mode, hostFile(source))),
    hostFile('user-data.sh').replace(/^#!.*\n/, ''),
  ].join('\n');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  return [
    '#!/bin/bash',
    'set -Eeuo pipefail',
    WRITE_FUNCTION,
    writeFile(NODE_FILE, '0644', lines.join('')),
    `files=$(base64 -d <<'${END}' | gunzip`,
    `${packed(files)}${END}`,
    ')',
    'eval "${files}"',
    '',
  ].join('\n');
}
