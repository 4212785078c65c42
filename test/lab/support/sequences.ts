/** What sequences of deployments share: deploying with settings, load meanwhile, and a look at the nodes as they change. */
import { UuidV7Generator } from '../../../services/common/uuid';
import { nodeContainers, tryInNode } from './nodes';
import { connectPrices, mustBeStored, produce, type Connect } from './pipeline';
import { cdk, contextOf, metals, repeatedly, type Result, type Settings } from './run';
import { apiKey } from './secrets';

/** `npm run test:lab -- --full`: the sequences that do not fit into a run of CI. */
export const inFullRun = process.env.METALS_LAB_FULL === '1' ? describe : describe.skip;

export const deploy = (settings: Settings = {}): Promise<Result> =>
  cdk('deploy', '--all', '--require-approval', 'never', ...contextOf(settings));

export async function mustDeploy(settings: Settings = {}): Promise<void> {
  const result = await deploy(settings);
  if (result.code !== 0) throw new Error(`cdk deploy ${contextOf(settings).join(' ')}:\n${result.stderr}`);
}

export const destroy = (settings: Settings = {}): Promise<Result> =>
  cdk('destroy', '--all', '--force', ...contextOf(settings));

export async function mustDestroy(settings: Settings = {}): Promise<void> {
  const result = await destroy(settings);
  if (result.code !== 0) throw new Error(`cdk destroy ${contextOf(settings).join(' ')}:\n${result.stderr}`);
}

export async function mustPassSmokeTest(...options: string[]): Promise<void> {
  const result = await metals(...options, 'smoke-test', '--json');
  if (result.code !== 0) throw new Error(`smoke-test: exit code ${result.code}\n${result.stderr}\n${result.stdout}`);
}

const GIVE_UP_SECONDS = 300;
const RETRY_MILLISECONDS = 500;

/** Repeats an event until the producer has accepted it: the same id is stored once. Each answer before goes to `refused`. */
async function deliver(event: { event_id: string }, key: string, refused: string[]): Promise<void> {
  const deadlineMs = Date.now() + GIVE_UP_SECONDS * 1000;
  for (;;) {
    // A connection that breaks is an answer that did not come.
    const answer = await produce(event, key).catch((error: Error) => ({ status: 0, body: error.message }));
    if (answer.status === 202) return;
    const said = `${answer.status} ${JSON.stringify(answer.body)}`;
    refused.push(`${new Date().toISOString()}: ${said}`);
    if (Date.now() > deadlineMs)
      throw new Error(`event ${event.event_id} was not accepted in ${GIVE_UP_SECONDS} s: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
}

/**
 * Sends at a steady rate while `work` runs; then every event that was accepted must be stored, each once.
 *
 * @param connect to where they must be in the end
 * @returns answers that did not accept an event, which was sent again
 */
export async function underLoad(
  eventsPerSecond: number,
  work: () => Promise<unknown>,
  connect: Connect = connectPrices,
): Promise<readonly string[]> {
  const key = await apiKey();
  const source = `lab-load-${Date.now()}`;
  const ids = new UuidV7Generator();
  const [sent, refused]: [string[], string[]] = [[], []];
  const deliveries: Promise<void>[] = [];
  const timer = setInterval(() => {
    const event = { event_id: ids.next(), metal: 'silver', price: 1 + sent.length / 100, source };
    sent.push(event.event_id);
    const delivery = deliver(event, key, refused);
    // It is looked at below; until then it must not end the process.
    delivery.catch(() => undefined);
    deliveries.push(delivery);
  }, 1000 / eventsPerSecond);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  await Promise.all(deliveries);
  await mustBeStored(source, sent, connect);
  return refused;
}

export interface NodesSeen {
  /** Fewest node containers that ran at one time. */
  fewestRunning: number;
  /**
   * Most nodes that a manager called Down. A new leader calls each node Unknown until it has heard from it, so not every
   * node that is not Ready is gone.
   */
  mostDown: number;
  /** Fewest managers that a manager called reachable; below half of them the Swarm has no quorum. */
  fewestReachableManagers: number | undefined;
  /** How often a manager was asked and answered. */
  answers: number;
  /** The longest time in which no manager answered, as while they elect a leader. */
  longestSilenceSeconds: number;
}

const WATCH_MILLISECONDS = 1000;

/** Looks at the nodes every second while `work` runs. */
export async function watchNodes(work: () => Promise<unknown>): Promise<NodesSeen> {
  const seen: NodesSeen = {
    fewestRunning: Infinity,
    mostDown: 0,
    fewestReachableManagers: undefined,
    answers: 0,
    longestSilenceSeconds: 0,
  };
  let answeredMs = Date.now();
  const endWatch = repeatedly(WATCH_MILLISECONDS, async () => {
    const before = seen.answers;
    await look(seen);
    const seconds = Math.round((Date.now() - answeredMs) / 1000);
    seen.longestSilenceSeconds = Math.max(seen.longestSilenceSeconds, seconds);
    if (seen.answers > before) answeredMs = Date.now();
  });
  try {
    await work();
  } finally {
    await endWatch();
  }
  return seen;
}

const fewer = (before: number | undefined, now: number): number => Math.min(before ?? Infinity, now);

async function look(seen: NodesSeen): Promise<void> {
  // No node at all is an error of `nodeContainers`: here it is what was seen.
  const nodes = await nodeContainers().catch(() => []);
  seen.fewestRunning = Math.min(seen.fewestRunning, nodes.length);
  for (const node of nodes) {
    const listed = await tryInNode(node, [
      'timeout',
      '5',
      'docker',
      'node',
      'ls',
      '--format',
      '{{.Status}}/{{.ManagerStatus}}',
    ]);
    if (listed.code !== 0) continue;
    const lines = listed.stdout.trim().split('\n');
    seen.answers += 1;
    seen.mostDown = Math.max(seen.mostDown, lines.filter((line) => line.startsWith('Down/')).length);
    seen.fewestReachableManagers = fewer(
      seen.fewestReachableManagers,
      lines.filter((line) => /\/(Leader|Reachable)$/.test(line)).length,
    );
    return;
  }
}
