/**
 * Three managers are cut off, killed and restarted in random orders, one loses its state, and the documents that make
 * and join a Swarm run meanwhile: there is never a second Swarm. `METALS_ORDERS=50`, `METALS_ORDER_SEED=1`.
 */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { documentName, parameterPath } from '../../lib/contract';
import { runCommand } from '../../lib/ssm';
import { seededRandom } from '../../services/producer/walk';
import { anHourLater } from './support/associations';
import { lastParameters, toSlot } from './support/commands';
import { cut, pauseNode } from './support/faults';
import { instanceOfSlot, instancesOf } from './support/instances';
import { inNode, onManager, tryInNode } from './support/nodes';
import { eventually, repeatedly, run } from './support/run';
import { inFullRun, mustDeploy, mustPassSmokeTest } from './support/sequences';
import { stage } from './support/secrets';

jest.setTimeout(3_600_000);

const MANAGERS = ['manager-1', 'manager-2', 'manager-3'];
const WORKERS = 2;
const ORDERS = Number(process.env.METALS_ORDERS ?? 50);
const FIRST_SEED = Number(process.env.METALS_ORDER_SEED ?? 1);
const STEPS = 4;
const MOST_SECONDS = 20;
const ssm = new SSMClient({});

const containerOf = async (slot: string): Promise<string> => (await instanceOfSlot(stage(), slot)).container;
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What needs the node's processes to itself: one that is frozen can neither end nor begin anything. */
const EXCLUSIVE_KINDS = ['pause', 'reboot', 'restart docker', 'kill docker', 'kill instance', 'lose state'] as const;
/** What befalls a manager; the last two begin where a deployment, or an association, would. */
const STEP_KINDS = ['cut', 'isolate', ...EXCLUSIVE_KINDS, 'init', 'join'] as const;
interface Step {
  readonly kind: (typeof STEP_KINDS)[number];
  readonly slot: string;
  readonly other: string;
  readonly seconds: number;
  readonly afterSeconds: number;
}

/** Pure: the steps of an order. One manager at most loses its state, or a majority could be lost for good. */
function orderOf(seed: number): Step[] {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const steps = Array.from({ length: STEPS }, (): Step => {
    const slot = pick(MANAGERS);
    const other = pick(MANAGERS.filter((each) => each !== slot));
    const seconds = 5 + Math.floor(random() * (MOST_SECONDS - 5));
    return { kind: pick(STEP_KINDS), slot, other, seconds, afterSeconds: Math.floor(random() * 8) };
  });
  const first = steps.findIndex(({ kind }) => kind === 'lose state');
  return steps.filter(({ kind }, index) => kind !== 'lose state' || index === first);
}

async function perform({ kind, slot, other, seconds }: Step): Promise<void> {
  const container = await containerOf(slot);
  switch (kind) {
    case 'cut':
      return cut(slot, other, seconds);
    case 'isolate':
      await Promise.all(MANAGERS.filter((each) => each !== slot).map((each) => cut(slot, each, seconds)));
      return;
    case 'pause':
      return pauseNode(slot, seconds);
    case 'reboot':
      await run('docker', ['restart', container]);
      return;
    case 'restart docker':
      await inNode(container, ['systemctl', 'restart', 'docker.service']);
      return;
    case 'kill docker':
      await inNode(container, ['systemctl', 'kill', '--signal=KILL', 'docker.service']);
      return;
    case 'kill instance':
      // Its hardware failed: the group replaces it.
      await run('docker', ['kill', container]);
      return;
    case 'lose state':
      await inNode(container, ['sh', '-c', LOSE_STATE]);
      return;
    case 'init':
      await runCommand(ssm, toSlot(documentName(stage(), 'swarm-init'), 'manager-1', sentWith['swarm-init']));
      return;
    case 'join':
      await runCommand(ssm, toSlot(documentName(stage(), 'swarm-join'), slot, sentWith['swarm-join']));
  }
}

/** In one go: nobody else would start a Docker that was stopped. */
const LOSE_STATE = 'systemctl stop docker.service && rm -rf /var/lib/docker/swarm; systemctl start docker.service';

/** As the deployment has sent them. */
const sentWith: Record<'swarm-init' | 'swarm-join', Record<string, string>> = { 'swarm-init': {}, 'swarm-join': {} };

const isExclusive = (kind: Step['kind']): boolean => (EXCLUSIVE_KINDS as readonly string[]).includes(kind);
const busy = new Map<string, Promise<void>>();

/** Begins when what is done exclusively to the same manager is over. */
function performInTurn(step: Step): Promise<void> {
  if (!isExclusive(step.kind)) return perform(step);
  const done = (busy.get(step.slot) ?? Promise.resolve()).then(() => perform(step));
  busy.set(
    step.slot,
    done.catch(() => undefined),
  );
  return done;
}

/** Ids of the Swarms that nodes are members of, by what their own Docker says. */
async function swarms(): Promise<string[]> {
  const ids = await Promise.all(
    (await instancesOf(stage())).map(async ({ container }) => {
      const state = [
        'timeout',
        '5',
        'sh',
        '-c',
        'openssl x509 -noout -subject -in /var/lib/docker/swarm/certificates/swarm-node.crt',
      ];
      const { stdout } = await tryInNode(container, state);
      return /\bO ?= ?([a-z0-9]{25})/.exec(stdout)?.[1];
    }),
  );
  return [...new Set(ids.filter((id) => id !== undefined))];
}

const claim = async (): Promise<string> =>
  (await ssm.send(new GetParameterCommand({ Name: parameterPath(stage(), 'claim') }))).Parameter!.Value!;

const NODES = 'node ls --format {{.Status}}/{{.ManagerStatus}}'.split(' ');
const HOUR_SECONDS = 60;

/** By the half-hourly associations alone, with an hour a minute. */
async function healed(): Promise<void> {
  let nextHourMs = 0;
  await eventually('three managers that reach each other, two workers, and no dead node', 900, async () => {
    const rows = (await onManager(...NODES).catch((error: Error) => error.message)).trim().split('\n');
    const [managers, workers] = [/^Ready\/(Leader|Reachable)$/, /^Ready\/$/].map(
      (wanted) => rows.filter((row) => wanted.test(row)).length,
    );
    if (managers === MANAGERS.length && workers === WORKERS && rows.length === managers + workers) return undefined;
    if (Date.now() >= nextHourMs) {
      nextHourMs = Date.now() + HOUR_SECONDS * 1000;
      await anHourLater();
    }
    return rows.join(', ');
  });
}

inFullRun('three managers', () => {
  let swarm: string;
  beforeAll(async () => {
    await mustDeploy({ managers: 3 });
    for (const document of ['swarm-init', 'swarm-join'] as const) sentWith[document] = await lastParameters(document);
    // An association sends it as well, for the tokens alone.
    sentWith['swarm-init'].Creates = 'yes';
    swarm = (await onManager('info', '--format', '{{.Swarm.Cluster.ID}}')).trim();
  });
  afterAll(() => mustDeploy());

  test.each(Array.from({ length: ORDERS }, (_, index) => FIRST_SEED + index))('order %i', async (seed) => {
    const seen = new Set<string>();
    const steps = orderOf(seed);
    const endWatch = repeatedly(1_000, async () => {
      // A look that fails has seen nothing; the next one comes in a second.
      for (const id of await swarms().catch(() => [])) seen.add(id);
    });
    const performed: Promise<void>[] = [];
    const troubles: string[] = [];
    for (const step of steps) {
      // What is done to a node that is away just then fails, as does a document that reaches nobody: neither is the point.
      performed.push(
        performInTurn(step).catch((error: Error) => void troubles.push(`${step.kind} ${step.slot}: ${error.message}`)),
      );
      await sleep(step.afterSeconds);
    }
    try {
      await Promise.all(performed);
      if (troubles.length > 0) console.log(`order ${seed}: ${troubles.join('\n').slice(0, 2_000)}`);
      await healed();
    } finally {
      await endWatch();
    }
    const told = steps.map(({ kind, slot, other, seconds }) => `${kind} ${slot} ${other} ${seconds} s`);
    expect([told, [...seen], await claim()]).toEqual([told, [swarm], `initialised ${swarm}`]);
  });

  test('and all still works', () => mustPassSmokeTest());
});
