/** Files for Kafka's container: other lines of its configuration, and the login of its own tools. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../lib/repository';
import type { Secrets } from './files';

/** Where server.properties is rendered from, in the sources and in the image. */
const SOURCE = path.join(REPOSITORY, 'services', 'kafka', 'lib', 'common.sh');
const TARGET = '/opt/metals/lib/common.sh';
export const KAFKA_LOGIN = '/tmp/admin.properties';

/** Pure: each property must stand once; anything else means that the configuration has moved. */
export function replaceProperties(text: string, properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties).reduce((changed, [name, value]) => {
    const line = new RegExp(`^${name.replaceAll('.', '\\.')}=.*$`, 'gm');
    const count = [...changed.matchAll(line)].length;
    if (count !== 1) throw new Error(`${SOURCE} sets ${name} ${count} times, expected once`);
    return changed.replace(line, `${name}=${value}`);
  }, text);
}

/** A mount that covers the entrypoint's part with one that has other properties. */
export function withProperties(directory: string, properties: Readonly<Record<string, string>>): string {
  const file = path.join(directory, 'kafka-common.sh');
  rmSync(file, { force: true });
  writeFileSync(file, replaceProperties(readFileSync(SOURCE, 'utf8'), properties), { mode: 0o444 });
  return `type=bind,source=${file},destination=${TARGET},readonly`;
}

/** The administrator's login, as Kafka's tools take it. */
export function writeKafkaLogin(directory: string, secrets: Secrets): string {
  const file = path.join(directory, 'admin.properties');
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const lines = [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=${module} required username="admin" password="${secrets['kafka-password-admin']}";`,
  ];
  rmSync(file, { force: true });
  // The directory of the rig keeps others out.
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o444 });
  return file;
}
