/** Brings the lab's environment into the tests, or says what to do when no lab is up. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_CONTAINER } from '../../../lib/lab/names';

const ENV_FILE = join(__dirname, '../../../.lab/env');
const WANTED = /^(AWS_|METALS_)/;

export default function setUp(): void {
  if (!existsSync(ENV_FILE)) throw new Error('no lab is up: .lab/env is missing\nnext: npm run lab');
  // The shell itself reads the file, as it does for a user who types `. .lab/env`.
  const printed = execFileSync('bash', ['-c', '. "$1" && env -0', 'bash', ENV_FILE], { encoding: 'utf8' });
  for (const entry of printed.split('\0')) {
    const separator = entry.indexOf('=');
    const name = entry.slice(0, separator);
    if (WANTED.test(name)) process.env[name] = entry.slice(separator + 1);
  }
  process.env.METALS_LAB_VOLUMES = volumeKind();
}

/** `loop`, or `docker` where the machine has no loop devices; as the gateway was told. */
function volumeKind(): string {
  const format = '{{range .Config.Env}}{{println .}}{{end}}';
  const settings = execFileSync('docker', ['inspect', '--format', format, GATEWAY_CONTAINER], { encoding: 'utf8' });
  const kind = /^LAB_VOLUMES=(.*)$/m.exec(settings)?.[1];
  if (kind === undefined) throw new Error(`${GATEWAY_CONTAINER} has no LAB_VOLUMES\nnext: npm run lab`);
  return kind;
}
