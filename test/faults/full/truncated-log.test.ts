/**
 * The broker has lost the end of a partition that the group had committed, as after a power cut. Those events are gone,
 * which docs/delivery.md does not promise otherwise; that it is told, and that later ones are not passed over in silence, it
 * does.
 */
import { ensureToolbox } from '../../rig/images';
import type { Rig, ServiceOptions } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { Fleet } from '../support/fleet';
import { LEADER_EPOCH_IGNORED } from '../support/mutations';
import { post } from '../support/post';
import { cutLastBatches } from '../support/segment';
import { settled } from '../support/topics';
import { startFaultRig, storedSources, tell } from '../support/trial';

jest.setTimeout(240_000);

const BEFORE = 20;
const CUT = 5;
const TELL_SECONDS = 15;
/** As long as the third test takes, and some more: its processor is frozen meanwhile and must stay in the group. */
const SESSION_TIMEOUT_MS = 120_000;

let rig: Rig;
let fleet: Fleet;
beforeEach(async () => {
  rig = await startFaultRig('truncated-log');
  fleet = new Fleet(rig);
  await Promise.all([fleet.add('producer'), addProcessor()]);
});
afterEach(() => rig?.stop());

const addProcessor = (options: ServiceOptions = {}): Promise<Task> =>
  fleet.add('processor', { ...options, config: { consumer: { session_timeout_ms: SESSION_TIMEOUT_MS } } });

/**
 * One after the other: each is a batch of its own. Returns their tags once all are accepted. The first one after a cut is
 * answered 504, for the broker misses sequence numbers, and the producer begins with others.
 */
async function sendGold(run: string, count: number): Promise<string[]> {
  const sources = Array.from({ length: count }, (_, n) => `oracle:${run}:${n}`);
  for (const [n, source] of sources.entries()) {
    await waitUntil({ what: `the acceptance of ${source}`, timeoutSeconds: 30, report: tell }, async () => {
      const event = { metal: 'gold', price: 100 + n, source };
      const { status, text } = await post(fleet.producers[0].url, rig.apiKey, event);
      return status === 202 ? undefined : `${status} ${text}`;
    });
  }
  return sources;
}

test.each([
  ['shorter than what was committed', 2],
  ['longer again than what was committed', 12],
])('%s when a processor reads on: %i new events are stored, or the health says which partition', async (_, count) => {
  await sendGold('before', BEFORE);
  await settled(rig.kafkaClient(), 60, tell);
  await fleet.removeAll('processor');
  await cutLog();
  const accepted = await sendGold('after', count);
  const processor = await fleet.add('processor', { wait: false });
  await waitUntil({ what: 'the processor', timeoutSeconds: 60 }, async () => {
    const { status } = await processor.health();
    return status === 'starting' ? status : undefined;
  });
  await storedOrTold(processor, accepted);
});

describe('longer again than what was read, when a processor that has kept its partitions reads on', () => {
  test('is told', async () => {
    const [processor] = fleet.processors;
    await storedOrTold(processor, await growPast(processor));
    // Without another leader epoch it would have had no reason to.
    expect(await processor.logs()).toContain('of another leader epoch');
  });

  test(`is not told by one with ${LEADER_EPOCH_IGNORED.name}`, async () => {
    await fleet.removeAll('processor');
    const processor = await addProcessor({ variant: LEADER_EPOCH_IGNORED });
    await expect(storedOrTold(processor, await growPast(processor))).rejects.toThrow(/\d+ of \d+ are missing; healthy/);
  });
});

/** Events that were accepted after the end of the log was lost, while the processor was frozen. */
async function growPast(processor: Task): Promise<string[]> {
  await sendGold('before', BEFORE);
  await settled(rig.kafkaClient(), 60, tell);
  const goOn = await processor.pause();
  await cutLog();
  const accepted = await sendGold('after', 12);
  await goOn();
  return accepted;
}

async function cutLog(): Promise<void> {
  await rig.kafka.kill();
  await cutLastBatches(rig, await ensureToolbox(rig.progress), 'metals-prices-0', CUT);
  await rig.kafka.start();
  await rig.kafka.ready(90);
  await fleet.producers[0].ready(60);
}

async function storedOrTold(processor: Task, accepted: readonly string[]): Promise<void> {
  await waitUntil({ what: 'stored, or told', timeoutSeconds: TELL_SECONDS, report: tell }, async () => {
    const stored = new Set(await storedSources(rig, 'after'));
    const missing = accepted.filter((source) => !stored.has(source));
    if (missing.length === 0) return undefined;
    const { status, reasons } = await processor.health();
    const told = status === 'degraded' && reasons.some((reason) => /partition.*\b0\b/.test(reason));
    return told ? undefined : `${missing.length} of ${accepted.length} are missing; ${status}: ${reasons.join('; ')}`;
  });
}
