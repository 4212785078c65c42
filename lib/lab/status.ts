/** What of the lab is there, for `metals lab status` and for the summary of `metals lab up`. */
import { LAB_LABEL, LAB_PREFIX, TAG } from '../contract';
import { STAND_IN_LABEL } from './stand-ins';
import { standInsInUse } from './base-builder';
import { inspectImages } from './docker';
import { type FoundGateway, healthAnswer, inspectGateway } from './gateway-container';
import { endpointUrl } from './options';
import { labObjects } from './preflight-facts';
import { tryRun } from './process';

const LIMITS_FILE = '/run/metals-lab/limits.json';

export interface LabNode {
  readonly instanceId: string;
  readonly slot: string;
  readonly address: string;
  /** State of its container: `running`, `exited`. */
  readonly state: string;
}

export interface StandIn {
  /** What it stands in for: an image, AWS, parts of a node. */
  readonly of: string;
  readonly is: string;
}

export interface LabStatus {
  readonly state: 'up' | 'half up' | 'down';
  /** What is missing, when it is half up. */
  readonly reason: string;
  readonly endpoint: string | undefined;
  readonly nodes: readonly LabNode[];
  readonly urls: { readonly producer: string; readonly processor: string } | undefined;
  readonly standIns: readonly StandIn[];
  /** What of the nodes' instance type holds, and what does not. */
  readonly enforced: readonly string[];
  readonly notEnforced: readonly string[];
  /** What to type next. */
  readonly next: readonly string[];
}

export async function labStatus(signal?: AbortSignal): Promise<LabStatus> {
  const [objects, gateway, nodes] = await Promise.all([labObjects(signal), inspectGateway(signal), labNodes(signal)]);
  const endpoint = gateway?.running && gateway.port !== undefined ? endpointUrl({ port: gateway.port }) : undefined;
  const health = endpoint === undefined ? 'not running' : await healthAnswer(`${endpoint}/_lab/health`);
  const volumes = health === 'ok' ? await readVolumeProblems(endpoint!) : [];
  const anything = objects.gateway !== 'absent' || objects.nodes > 0 || objects.networks > 0 || objects.stateVolume;
  const stopped = nodes.filter(({ state }) => state !== 'running').map(({ slot }) => slot);
  const reasons = [
    ...(objects.gateway === 'absent'
      ? ['the gateway is not there']
      : health === 'ok'
        ? []
        : [`the gateway: ${health}`]),
    ...(nodes.length === 0 ? ['no node is there'] : []),
    ...(stopped.length === 0 ? [] : [`not running: ${stopped.join(', ')}`]),
    ...volumes,
  ];
  const state = !anything ? 'down' : reasons.length > 0 ? 'half up' : 'up';
  const limits = await nodeLimits(nodes, signal);
  return {
    state,
    reason: state === 'half up' ? reasons.join('; ') : '',
    endpoint,
    nodes: nodes.map(({ instanceId, slot, address, state: containerState }) => ({
      instanceId,
      slot,
      address,
      state: containerState,
    })),
    urls: nodes.length === 0 ? undefined : publishedUrls(gateway),
    standIns: await standIns(gateway?.image, nodes.at(0)?.image, signal),
    ...limits,
    next: NEXT[state],
  };
}

const STATUS_TIMEOUT_MILLISECONDS = 2000;

/** Why volumes are missing in nodes, as the gateway tells it, or why it does not. */
async function readVolumeProblems(endpoint: string): Promise<readonly string[]> {
  const url = `${endpoint}/_lab/status`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MILLISECONDS) });
    return volumeProblems(await response.text());
  } catch (error) {
    return [`${url}: ${(error as Error).message}`];
  }
}

/** What /_lab/status tells of volumes that the machine could not attach. */
export function volumeProblems(json: string): string[] {
  const { volumes = [] } = JSON.parse(json) as { volumes?: { id: string; lastFailure?: string }[] };
  return volumes.flatMap(({ id, lastFailure }) =>
    lastFailure === undefined ? [] : [`volume ${id} was not attached: ${lastFailure}`],
  );
}

const NEXT: Readonly<Record<LabStatus['state'], readonly string[]>> = {
  down: ['npm run lab'],
  'half up': ['npm run lab    # goes on from here', 'npm run lab:down    # or removes what is there'],
  up: [
    '. .lab/env && ./bin/metals status',
    '. .lab/env && ./bin/metals smoke-test',
    '. .lab/env && npm run cdk -- diff',
    'npm run lab:down',
  ],
};

interface FoundNode extends LabNode {
  readonly container: string;
  readonly image: string;
}

async function labNodes(signal?: AbortSignal): Promise<FoundNode[]> {
  const filters = ['--filter', `label=${LAB_LABEL}`, '--filter', `label=${TAG.slot}`];
  const ids = (await tryRun('docker', ['ps', '--all', '--quiet', ...filters], { signal })).stdout
    .split('\n')
    .filter(Boolean);
  if (ids.length === 0) return [];
  return parseNodes((await tryRun('docker', ['container', 'inspect', ...ids], { signal })).stdout);
}

/** `docker container inspect` of nodes, by slot. */
export function parseNodes(json: string): FoundNode[] {
  const containers = JSON.parse(json.trim() || '[]') as readonly {
    Name: string;
    State: { Status: string };
    Config: { Image: string; Labels: Record<string, string> };
    NetworkSettings: { Networks: Record<string, { IPAddress?: string; IPAMConfig?: { IPv4Address?: string } | null }> };
  }[];
  return containers
    .map((container) => {
      const name = container.Name.replace(/^\//, '');
      const [network] = Object.values(container.NetworkSettings.Networks);
      return {
        container: name,
        instanceId: name.replace(`${LAB_PREFIX}-`, ''),
        slot: container.Config.Labels[TAG.slot] ?? '',
        address: network?.IPAMConfig?.IPv4Address ?? network?.IPAddress ?? '',
        state: container.State.Status,
        image: container.Config.Image,
      };
    })
    .sort((a, b) => a.slot.localeCompare(b.slot));
}

function publishedUrls(gateway: FoundGateway | undefined): LabStatus['urls'] {
  if (gateway?.producerPort === undefined || gateway.processorPort === undefined) return undefined;
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  return { producer: url(gateway.producerPort), processor: url(gateway.processorPort) };
}

async function standIns(awsImage = '', nodeImage = '', signal?: AbortSignal): Promise<StandIn[]> {
  const bases = Object.entries(await standInsInUse(signal)).map(([name, is]) => ({ of: `image ${name}`, is }));
  const own = [
    { of: 'AWS', image: awsImage },
    { of: 'EC2 instances', image: nodeImage },
  ].filter(({ image }) => image !== '');
  if (own.length === 0) return bases;
  const images = await inspectImages(
    own.map(({ image }) => image),
    signal,
  );
  const announced = own.flatMap(({ of, image }) => {
    const is = images.get(image)?.labels[STAND_IN_LABEL];
    return is === undefined ? [] : [{ of, is }];
  });
  return [...announced, ...bases];
}

async function nodeLimits(
  nodes: readonly FoundNode[],
  signal?: AbortSignal,
): Promise<{ enforced: string[]; notEnforced: string[] }> {
  const all = await Promise.all(
    nodes.filter(({ state }) => state === 'running').map((node) => readLimits(node.container, signal)),
  );
  const union = (key: 'enforced' | 'notEnforced'): string[] => [
    ...new Set(all.flatMap((limits) => limits?.[key] ?? [])),
  ];
  return { enforced: union('enforced'), notEnforced: union('notEnforced') };
}

/** Undefined while the node boots: it writes the file at its start. */
async function readLimits(
  container: string,
  signal?: AbortSignal,
): Promise<{ enforced: string[]; notEnforced: string[] } | undefined> {
  const { exitCode, stdout } = await tryRun('docker', ['exec', container, 'cat', LIMITS_FILE], { signal });
  return exitCode === 0 ? (JSON.parse(stdout) as { enforced: string[]; notEnforced: string[] }) : undefined;
}
