/** Effects on one node's container. */
import { run, tryRun } from '../../process';
import { errorText } from '../log';
import { NODE_LIB } from '../settings';
import { parseHostFacts, runArguments, type HostFacts, type NodeContainer } from './container';

/** The edge leaves a load balancer, and dockerd stops its tasks, which get time to end in order. EC2 waits for minutes. */
const STOP_SECONDS = 90;
const LOG_LINES = 15;
/** For a handful of rules; a node that does not take them in this time hangs. */
const SECURITY_GROUPS_SECONDS = 20;

let facts: Promise<HostFacts> | undefined;

const hostFacts = (): Promise<HostFacts> =>
  (facts ??= run('docker', ['info', '--format', '{{json .}}']).then(parseHostFacts));

export async function createVolume(name: string, label: string): Promise<void> {
  await run('docker', ['volume', 'create', '--label', `${label}=1`, name]);
}

export async function removeVolume(name: string): Promise<void> {
  const { exitCode, stderr } = await tryRun('docker', ['volume', 'rm', name]);
  if (exitCode !== 0 && !/no such volume/i.test(stderr)) {
    throw new Error(`cannot remove Docker volume ${name}: ${stderr.trim()}`);
  }
}

export async function startNode(node: NodeContainer): Promise<void> {
  await run('docker', runArguments(node, await hostFacts()));
}

/** Shuts the node down, then removes its container; the data volume stays. */
export async function removeNode(container: string): Promise<void> {
  if (await isRunning(container)) await run('docker', ['stop', '--time', String(STOP_SECONDS), container]);
  const { exitCode, stderr } = await tryRun('docker', ['rm', '--force', '--volumes', container]);
  if (exitCode !== 0 && !/no such container/i.test(stderr)) {
    throw new Error(`cannot remove container ${container}: ${stderr.trim()}`);
  }
}

export const restartNode = (container: string): Promise<string> =>
  run('docker', ['restart', '--time', String(STOP_SECONDS), container]);

/** Rules for iptables-restore, for a node's assets/lab/node/lib/security-groups. */
export async function applySecurityGroups(container: string, rules: string): Promise<void> {
  const signal = AbortSignal.timeout(SECURITY_GROUPS_SECONDS * 1000);
  try {
    await run('docker', ['exec', '-i', container, `${NODE_LIB}/security-groups`, 'apply'], {
      input: rules,
      signal,
    });
  } catch (error) {
    const reason = signal.aborted ? `no answer within ${SECURITY_GROUPS_SECONDS} s` : errorText(error);
    throw new Error(`${container} did not take the rules of its security groups: ${reason}`, { cause: error });
  }
}

export async function isRunning(container: string): Promise<boolean> {
  const { stdout } = await tryRun('docker', ['container', 'inspect', '--format', '{{.State.Running}}', container]);
  return stdout.trim() === 'true';
}

/** What the node printed last: the reason why it did not come up. */
export async function lastOutput(container: string): Promise<string> {
  const { stdout, stderr } = await tryRun('docker', ['logs', '--tail', String(LOG_LINES), container]);
  return `${stdout}${stderr}`.trim();
}
