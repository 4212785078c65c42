/** Where secret values must not be found. What is told of a find is the secret's name: it ends up in a log. */
import { GATEWAY_CONTAINER } from '../../../lib/lab/names';
import { nodeContainers, onManager, tryInNode } from './nodes';
import { tryRun } from './run';

/** Values by a name for messages. */
export type SecretValues = ReadonlyMap<string, string>;

/** Names of the secrets whose value is in the text. */
export function leaks(text: string, secrets: SecretValues): string[] {
  return [...secrets]
    .filter(([, value]) => text.includes(value) || text.includes(Buffer.from(value).toString('base64')))
    .map(([name]) => name);
}

/** For grep, on its stdin. */
export const patterns = (secrets: SecretValues): string => [...secrets.values()].map((value) => `${value}\n`).join('');

/** Services, configs, secrets, nodes and tasks as the manager shows them; by a name for messages. */
export async function shownByManager(): Promise<Map<string, string>> {
  const shown = new Map<string, string>();
  const list = async (kind: string): Promise<string[]> =>
    (await onManager(kind, 'ls', '-q')).trim().split('\n').filter(Boolean);
  for (const kind of ['service', 'config', 'secret', 'node'])
    shown.set(kind, await onManager(kind, 'inspect', ...(await list(kind))));
  shown.set('tasks', await onManager('stack', 'ps', 'metals', '--no-trunc', '--format', '{{json .}}'));
  // What a config holds is base64 in the inspection.
  for (const config of await list('config')) {
    const data = JSON.parse(await onManager('config', 'inspect', config, '--format', '{{json .Spec.Data}}')) as string;
    shown.set(`config ${config}`, Buffer.from(data, 'base64').toString('utf8'));
  }
  return shown;
}

/** Everything that what answers as AWS has said. */
export async function gatewayLog(): Promise<string> {
  const logs = await tryRun('docker', ['logs', GATEWAY_CONTAINER]);
  if (logs.code !== 0) throw new Error(`docker logs ${GATEWAY_CONTAINER}: ${logs.stderr}`);
  return logs.stdout + logs.stderr;
}

const SEARCH = ['sh', '-c', 'grep -aFl -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null'];

/** Environments and argument lists of the nodes' processes that hold one of the values. */
export async function processesWith(secrets: SecretValues): Promise<string[]> {
  const found: string[] = [];
  for (const node of await nodeContainers()) {
    // The same search for something that is there: it does look.
    if (!(await tryInNode(node, SEARCH, 'PATH=\n')).stdout.includes('/proc/1/environ'))
      throw new Error(`${node}: nothing can be found in its processes`);
    // Its exit code says nothing: processes end while it reads.
    const files = (await tryInNode(node, SEARCH, patterns(secrets))).stdout.split('\n').filter(Boolean);
    found.push(...files.map((file) => `${node}: ${file}`));
  }
  return found;
}
