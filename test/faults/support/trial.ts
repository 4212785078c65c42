/** One load, whatever happens meanwhile, and the oracle's verdict on it. */
import { readConsole, type ConsoleRecord } from '../../rig/console';
import { startRig, type Rig, type RigOptions } from '../../rig/rig';
import type { Fleet } from './fleet';
import { Load, type LoadOptions } from './load';
import { completeNameless } from './nameless';
import { formatVerdict, judge, type Verdict } from './oracle';
import type { Letter, Sent, Span, StoredDocument } from './observed';
import { Sampler } from './sampler';
import { DEAD_LETTERS, endOf, settled, spansOf, TOPIC, withAdmin } from './topics';
import { formatVitals, VitalsWatch, type Vitals } from './vitals';

/** So that a verdict is reached all the same where the drain takes longer than it may. */
export const SETTLE_SECONDS = 600;
/**
 * From the end of load and faults: the session of a killed processor (6 s, deployed 9 s), a rebalance that waits for it,
 * and what has gathered, on two cores.
 */
const MOST_DRAIN_SECONDS = 120;

export const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** No limit of CPU for MongoDB: its stand-in takes 2 ms for an event that it has already, and crashes bring thousands. */
export const startFaultRig = (name: string, options: Omit<RigOptions, 'name' | 'report'> = {}): Promise<Rig> =>
  startRig({ name, report: tell, ...options, mongodb: { cpus: 'unlimited', ...options.mongodb } });

export interface TrialOptions extends Omit<LoadOptions, 'apiKey' | 'targets'> {
  /** Records that the test itself puts on the topic meanwhile, and the reason that each must be a dead letter for. */
  readonly foreign?: ReadonlyMap<string, string>;
  readonly mostDrainSeconds?: number;
  /** After so long a verdict is reached though something is behind. @default 600 */
  readonly settleSeconds?: number;
}

export interface Outcome extends Verdict {
  readonly vitals: Vitals;
}

/**
 * Disturbs what it is told to under load, waits until nothing is behind, and prints and returns the verdict. `look` takes
 * a sample of what is committed, besides those of every few seconds.
 */
export async function underLoad(
  rig: Rig,
  fleet: Fleet,
  options: TrialOptions,
  disturb: (load: Load, look: () => Promise<void>) => Promise<void>,
): Promise<Outcome> {
  const { foreign, mostDrainSeconds = MOST_DRAIN_SECONDS, settleSeconds = SETTLE_SECONDS, ...loadOptions } = options;
  const kafka = rig.kafkaClient();
  const start = await withAdmin(kafka, (admin) => endOf(admin, TOPIC));
  const sampler = new Sampler(rig);
  const watch = new VitalsWatch(rig, fleet);
  const load = new Load({ ...loadOptions, apiKey: rig.apiKey, targets: () => fleet.producers.map(({ url }) => url) });
  const { sent, seconds } = await disturbAndDrain(rig, load, settleSeconds, () =>
    disturb(load, () => sampler.look()),
  ).finally(() => Promise.all([sampler.stop(), watch.stop()]));
  const [samples, vitals] = await Promise.all([sampler.stop(), watch.stop()]);
  const topic = await readAll(rig, TOPIC);
  const spans = topic.spans.map((span) => ({ ...span, low: Math.max(span.low, start.get(span.partition) ?? 0) }));
  const isOurs = ({ partition, offset }: { partition: number; offset: number }): boolean =>
    offset >= (start.get(partition) ?? 0);
  const everyRecord = topic.records.map((record) => ({ ...record, value: record.value ?? '' }));
  const records = everyRecord.filter(isOurs);
  const everyDocument = await findEvery(rig);
  const verdict = judge({
    sent: completeNameless(sent, records),
    stored: everyDocument.filter(({ source }) => source.startsWith(tagOf(options.run))),
    everyDocument,
    everyRecord,
    records,
    letters: (await readLetters(rig)).filter(isOurs),
    foreign,
    spans,
    samples,
    drain: { seconds, mostSeconds: mostDrainSeconds },
  });
  tell(`${options.run}: ${formatVerdict(verdict)}`);
  tell(`${options.run}: ${formatVitals(vitals)}`);
  return { ...verdict, vitals };
}

async function disturbAndDrain(
  rig: Rig,
  load: Load,
  settleSeconds: number,
  disturb: () => Promise<void>,
): Promise<{ readonly sent: readonly Sent[]; readonly seconds: number }> {
  try {
    await disturb();
  } catch (error) {
    await load.abort();
    throw error;
  }
  const sent = await load.stop();
  const startMs = performance.now();
  // Then it is `slow`, and what is behind may be lost.
  await settled(rig.kafkaClient(), settleSeconds, tell).catch((error: Error) => tell(error.message));
  return { sent, seconds: (performance.now() - startMs) / 1_000 };
}

/** With the broker's own count of what there is to read. */
async function readAll(
  rig: Rig,
  topic: string,
): Promise<{ spans: readonly Span[]; records: readonly ConsoleRecord[] }> {
  const spans = await withAdmin(rig.kafkaClient(), (admin) => spansOf(admin, topic));
  const count = spans.reduce((sum, { low, high }) => sum + high - low, 0);
  return { spans, records: await readConsole(rig, topic, count) };
}

const tagOf = (run: string): string => `oracle:${run}:`;

/** Through no index: nothing of what the processor decides is relied on. */
async function findEvery(rig: Rig): Promise<StoredDocument[]> {
  const client = rig.mongoClient();
  try {
    return await client.db('metals').collection<StoredDocument>('prices').find().toArray();
  } finally {
    await client.close();
  }
}

/** By the tag that the load gave each event. */
export const findStored = async (rig: Rig, run: string): Promise<StoredDocument[]> =>
  (await findEvery(rig)).filter(({ source }) => source.startsWith(tagOf(run)));

/** Their tags, sorted. */
export const storedSources = async (rig: Rig, run: string): Promise<string[]> =>
  (await findStored(rig, run)).map(({ source }) => source).sort();

export async function readLetters(rig: Rig): Promise<Letter[]> {
  const { records } = await readAll(rig, DEAD_LETTERS);
  return records.map(({ offset, headers, value }) => ({
    letterOffset: offset,
    reason: headers['metals-reason'] ?? '',
    partition: Number(headers['metals-source-partition']),
    offset: Number(headers['metals-source-offset']),
    value: value ?? '',
  }));
}
