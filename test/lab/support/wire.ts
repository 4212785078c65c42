/** What passes between two places on the VPC's network: nodes, and a container that is on it and in no security group. */
import { LAB_LABEL } from '../../../lib/contract';
import { inNode, inTask, tryInNode, type Task } from './nodes';
import { run } from './run';

/** Known to nobody else, so that a counter counts the probe alone. */
const PROBE_SOURCE_PORT = 40_123;

/** Name and first address of a container on its only network. */
export async function networkOf(container: string): Promise<{ network: string; address: string }> {
  const format = '{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{$at.IPAddress}}{{end}}';
  const [network, address] = (await run('docker', ['inspect', '--format', format, container])).trim().split(' ');
  return { network: network!, address: address! };
}

export const addressOf = async (container: string): Promise<string> => (await networkOf(container)).address;

export interface Stranger {
  readonly container: string;
  remove(): Promise<unknown>;
}

/** A container of the nodes' image on the same network as a node, which no interface of EC2 belongs to. */
export async function stranger(node: string): Promise<Stranger> {
  const image = (await run('docker', ['inspect', '--format', '{{.Config.Image}}', node])).trim();
  const { network } = await networkOf(node);
  const options = ['--detach', '--rm', '--label', `${LAB_LABEL}=1`, '--network', network, '--cap-add', 'NET_RAW'];
  const id = (await run('docker', ['run', ...options, '--entrypoint', 'sleep', image, '600'])).trim();
  return { container: id, remove: () => run('docker', ['rm', '--force', id]) };
}

/** Whether a TCP connection is accepted. */
export async function connects(from: string, address: string, port: number): Promise<boolean> {
  const target = `TCP4:${address}:${port},connect-timeout=3`;
  return (await tryInNode(from, ['socat', '-u', 'OPEN:/dev/null', target])).code === 0;
}

/** Runs iptables in a node, in one of its tables. */
const iptables = (node: string, table: string, ...args: string[]): Promise<string> =>
  inNode(node, ['iptables', '-w', '-t', table, ...args]);

/** How many packets reach a node that fit, while they are sent. */
async function counted(node: string, match: readonly string[], send: () => Promise<unknown>): Promise<number> {
  // Without a target a rule only counts. INPUT comes after the security groups, and before any socket.
  await iptables(node, 'mangle', '-I', 'INPUT', ...match);
  try {
    await send();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const first = (await iptables(node, 'mangle', '-nvxL', 'INPUT', '1')).trim().split(/\s+/)[0];
    return Number(first);
  } finally {
    await iptables(node, 'mangle', '-D', 'INPUT', ...match);
  }
}

const fromPort = (port: number): string[] => ['-p', 'udp', '--sport', `${PROBE_SOURCE_PORT}`, '--dport', `${port}`];

/** Whether a packet that somebody sends to a node gets past its security groups; nobody need answer it. */
export async function arrives(from: string, node: string, protocol: 'udp' | 'esp', port = 0): Promise<boolean> {
  const [source, target] = [await addressOf(from), await addressOf(node)];
  const match = protocol === 'udp' ? fromPort(port) : ['-p', protocol];
  const sending =
    protocol === 'udp'
      ? `UDP4-SENDTO:${target}:${port},sourceport=${PROBE_SOURCE_PORT}`
      : // A raw socket speaks protocol 50 on kernels that cannot encrypt, too.
        `IP4-SENDTO:${target}:50`;
  // Its own security groups may refuse it, and on Linux the sender learns that: the counter decides.
  const send = (): Promise<unknown> => tryInNode(from, ['socat', '-u', '-', sending], 'probe');
  return (await counted(node, ['-s', `${source}/32`, ...match], send)) > 0;
}

/** What becomes of a datagram that a task sends to another node: how many the task's own node drops, and the other gets. */
export async function datagramFrom(task: Task, node: string, port: number): Promise<{ dropped: number; got: number }> {
  const [source, target] = [await addressOf(task.node), await addressOf(node)];
  const dropped = async (): Promise<number> => {
    const rules = (await iptables(task.node, 'raw', '-nvxL', 'PREROUTING')).split('\n');
    const rule = rules.find((line) => line.includes('docker_gwbridge') && line.includes(`udp dpt:${port}`));
    return Number(rule?.trim().split(/\s+/)[0] ?? 0);
  };
  const script = `const s=require('dgram').createSocket('udp4');
    s.bind(${PROBE_SOURCE_PORT},()=>s.send('probe',${port},'${target}',()=>s.close()))`;
  const before = await dropped();
  const got = await counted(node, ['-s', `${source}/32`, ...fromPort(port)], () =>
    inTask(task, ['node', '-e', script]),
  );
  return { dropped: (await dropped()) - before, got };
}
