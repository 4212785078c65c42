/** Pure: what is wrong with the Swarm's networks. */
import { overlaps } from '../../cidr';
import { count, finding, onNode } from './finding';
import type { Evidence, Finding, NodeEvidence, SwarmEvidence } from './evidence';

/** An allocator that works takes less than a second. */
/** Until every node has heard of an edge. */
const KNOWN_AFTER_MS = 60_000;
const NEW_FOR_MS = 30_000;

type Network = SwarmEvidence['networks'][number];

export function networkFindings({ swarm, nodes }: Evidence): Finding[] {
  if (swarm === undefined) return [];
  const errors = nodes.flatMap((node) => node.daemon_errors);
  const found = [
    ...swarm.networks.filter(({ allocated }) => !allocated).map((network) => unallocated(network, swarm, errors)),
    ...swarm.networks.flatMap((network) => full(network, errors)),
  ];
  const isIngressMissing = !swarm.networks.some(({ ingress }) => ingress);
  const leader = swarm.nodes.find(({ manager }) => manager === 'leader')?.slot ?? null;
  // Every task is new for a moment.
  const [waiting] = swarm.away.filter(
    ({ state, since }) => state === 'new' && Date.parse(swarm.at) - Date.parse(`${since}Z`) > NEW_FOR_MS,
  );
  if (isIngressMissing && errors.some((line) => line.includes('ingress network is missing')))
    found.push(
      finding(
        'ingress-missing',
        'the network ingress is missing',
        lines(errors, /ingress/),
        onNode(leader, 'sudo docker network create --driver overlay --ingress ingress'),
      ),
    );
  else if (waiting !== undefined && found.length === 0)
    found.push(
      finding(
        'allocator-stopped',
        `${waiting.service} waits for addresses that nobody gives out`,
        [`New since ${waiting.since} UTC`, ...lines(errors, /llocat/)],
        onNode(leader, 'sudo systemctl restart docker, which lets another manager lead, or this one begin anew'),
      ),
    );
  return [...found, ...overlayFindings(swarm, nodes)];
}

const lines = (errors: readonly string[], pattern: RegExp): string[] =>
  errors.filter((line) => pattern.test(line)).slice(-2);

function unallocated(network: Network, { networks, services }: SwarmEvidence, errors: readonly string[]): Finding {
  const { name, subnet } = network;
  const others = networks.filter(
    (other) => other.name !== name && subnet !== null && other.subnet !== null && overlaps(subnet, other.subnet),
  );
  const whose = others.map((other) => `${other.name} (${other.subnet})`).join(', ');
  const users = services.filter((service) => service.networks.includes(name)).map((service) => service.name);
  // The Swarm's own network, and those of the stack, stay.
  const [foreign] = others.filter(({ name: other, ingress }) => !ingress && !other.startsWith('metals-'));
  return finding(
    'network-overlap',
    `network ${name} could not be allocated${whose === '' ? '' : `: ${subnet} overlaps ${whose}`}`,
    [`waiting for it: ${users.join(', ') || 'no service'}`, ...lines(errors, /ailed allocation|overlaps/)],
    foreign === undefined
      ? OTHER_RANGE
      : onNode('manager-1', `sudo docker network rm ${foreign.name}, once nothing uses it`),
  );
}

/** Networks are never changed in place [assets/documents/lib/networks.sh]. */
const OTHER_RANGE =
  'set another range (frontendCidr, backendCidr, monitoringCidr: lib/config.ts), run the document stack-remove on a manager, then: ./bin/metals deploy';

/** A subnet has an address for its gateway, each service with a virtual one, each node on it, and each task, ending ones too. */
function full({ name, subnet, addresses }: Network, errors: readonly string[]): Finding[] {
  const { tasks, services, nodes, waiting } = addresses;
  if (subnet === null || waiting === 0) return [];
  const size = 2 ** (32 - Number(subnet.split('/')[1])) - 2;
  const needed = 1 + services + nodes + tasks + waiting;
  if (needed <= size) return [];
  return [
    finding(
      'network-full',
      `network ${name} has no address left for ${count(waiting, 'task')}`,
      [
        `${subnet} has ${size} addresses; needed: ${needed} (1 gateway, ${count(services, 'service')}, ${count(nodes, 'node')}, ${count(tasks + waiting, 'task')}), ${needed - size} too many`,
        ...lines(errors, /available IP/),
      ],
      `fewer replicas: ./bin/metals scale; or a larger range: ${OTHER_RANGE}`,
    ),
  ];
}

/** Nodes that the Swarm hears, whose edges do not reach each other through the overlay network. */
function overlayFindings(swarm: SwarmEvidence, nodes: readonly NodeEvidence[]): Finding[] {
  const slotOf = new Map(swarm.edges.map(({ address, slot }) => [address, slot]));
  const isReady = (slot: string): boolean => swarm.nodes.some((node) => node.slot === slot && node.state === 'ready');
  const failed = nodes.flatMap(({ slot, peers, at }) => [
    // Names are told by gossip: an edge that has run for some time, and is not known by name, is not heard.
    ...(peers === null || slot === null
      ? []
      : swarm.edges
          .filter(
            ({ address, slot: to, since }) =>
              to !== slot &&
              to !== null &&
              isReady(to) &&
              !peers.some((peer) => peer.address === address) &&
              Date.parse(at) - Date.parse(`${since}Z`) > KNOWN_AFTER_MS &&
              peers.length < swarm.edges.length - 1,
          )
          .map(({ address, slot: to }) => `${slot} -> ${to} (${address}): not known by name`)),
    ...(peers ?? []).flatMap(({ address, error }) => {
      const to = slotOf.get(address);
      // An edge that has just gone is known by name for some seconds more.
      if (error === null || slot === null || to === null || to === undefined || !isReady(to)) return [];
      return [`${slot} -> ${to} (${address}): ${error}`];
    }),
  ]);
  if (failed.length === 0) return [];
  const needs = swarm.networks.some((network) => network.encrypted && network.name.startsWith('metals'))
    ? 'IP protocol 50 (ESP), UDP 4789 and UDP and TCP 7946'
    : 'UDP 4789 and UDP and TCP 7946';
  return [
    finding(
      'overlay-broken',
      `${count(failed.length, 'way')} between nodes carry nothing of the overlay network`.replace(
        '1 way between nodes carry',
        'one way between nodes carries',
      ),
      failed.slice(0, 6),
      `aws ec2 describe-security-groups    # those of the nodes must let ${needs} pass between each other, and so must every network ACL`,
    ),
  ];
}
