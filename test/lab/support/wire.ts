/** What passes between two places on the VPC's network: nodes, and a container that is on it and in no security group. */
import { LAB_LABEL } from '../../../lib/contract';
import { inNode, tryInNode } from './nodes';
import { run } from './run';

/** Known to nobody else, so that a counter counts the probe alone. */
const PROBE_SOURCE_PORT = 40_123;

/** Name and first address of a container on its only network. */
async function networkOf(container: string): Promise<{ network: string; address: string }> {
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

/** Whether a packet that somebody sends to a node gets past its security groups; nobody need answer it. */
export async function arrives(from: string, node: string, protocol: 'udp' | 'esp', port = 0): Promise<boolean> {
  const [source, target] = [await addressOf(from), await addressOf(node)];
  const ports = protocol === 'udp' ? ['--sport', `${PROBE_SOURCE_PORT}`, '--dport', `${port}`] : [];
  // Without a target a rule only counts. INPUT comes after the security groups, and before any socket.
  const counter = ['INPUT', '-s', `${source}/32`, '-p', protocol, ...ports];
  const iptables = (...args: string[]): Promise<string> => inNode(node, ['iptables', '-w', '-t', 'mangle', ...args]);
  await iptables('-I', ...counter);
  try {
    const sending =
      protocol === 'udp'
        ? `UDP4-SENDTO:${target}:${port},sourceport=${PROBE_SOURCE_PORT}`
        : // A raw socket speaks protocol 50 on kernels that cannot encrypt, too.
          `IP4-SENDTO:${target}:50`;
    // Its own security groups may refuse it, and on Linux the sender learns that: the counter decides.
    await tryInNode(from, ['socat', '-u', '-', sending], 'probe');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const first = (await iptables('-nvxL', 'INPUT', '1')).trim().split(/\s+/)[0];
    return Number(first) > 0;
  } finally {
    await iptables('-D', ...counter);
  }
}
