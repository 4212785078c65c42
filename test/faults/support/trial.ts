/** One load, whatever happens meanwhile, and the oracle's verdict on it. */
import { startRig, type Rig } from '../../rig/rig';
import type { Fleet } from './fleet';
import { Load, type LoadOptions } from './load';
import { formatVerdict, judge, type Letter, type Sent, type StoredDocument, type Verdict } from './oracle';
import { DEAD_LETTERS, endOf, header, readTopic, settled, TOPIC, withAdmin, type Positions } from './topics';

/** A killed processor is waited for, and what an outage held up has to be done, on a slow machine too. */
export const SETTLE_SECONDS = 600;

export const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * The stand-in of MongoDB has no limit of CPU: with the half of one that MongoDB has, it takes 25 ms for an event that it
 * has already, and after many crashes there are thousands of them.
 */
export const startFaultRig = (name: string): Promise<Rig> =>
  startRig({ name, report: tell, mongodb: { cpus: 'unlimited' } });

/** Disturbs what it is told to under load, waits until nothing is behind, and prints and returns the verdict. */
export async function underLoad(
  rig: Rig,
  fleet: Fleet,
  options: Pick<LoadOptions, 'run' | 'ratePerSecond'>,
  disturb: (load: Load) => Promise<void>,
): Promise<Verdict> {
  const kafka = rig.kafkaClient();
  const start = await withAdmin(kafka, (admin) => endOf(admin, TOPIC));
  const load = new Load({ ...options, apiKey: rig.apiKey, targets: () => fleet.producers.map(({ url }) => url) });
  try {
    await disturb(load);
  } catch (error) {
    await load.abort();
    throw error;
  }
  const sent = await load.stop();
  await settled(kafka, SETTLE_SECONDS, tell);
  const verdict = await collect(rig, options.run, start, sent);
  tell(`${options.run}: ${formatVerdict(verdict)}`);
  return verdict;
}

async function collect(rig: Rig, run: string, start: Positions, sent: readonly Sent[]): Promise<Verdict> {
  const records = await readTopic(rig.kafkaClient(), TOPIC, start);
  return judge({
    sent,
    stored: await findStored(rig, run),
    records: records.map(({ partition, message }) => ({
      partition,
      offset: Number(message.offset),
      value: message.value?.toString() ?? '',
    })),
    letters: (await readLetters(rig)).filter(({ partition, offset }) => offset >= (start.get(partition) ?? 0)),
  });
}

/** By the tag that the load gave each event, through no index: nothing of what the processor decides is relied on. */
export async function findStored(rig: Rig, run: string): Promise<StoredDocument[]> {
  const client = rig.mongoClient();
  try {
    const prices = client.db('metals').collection<StoredDocument>('prices');
    const all = await prices.find().toArray();
    return all.filter(({ source }) => source.startsWith(`oracle:${run}:`));
  } finally {
    await client.close();
  }
}

export async function readLetters(rig: Rig): Promise<Letter[]> {
  const letters = await readTopic(rig.kafkaClient(), DEAD_LETTERS);
  return letters.map(({ message: { headers, value } }) => ({
    reason: header(headers, 'metals-reason'),
    partition: Number(header(headers, 'metals-source-partition')),
    offset: Number(header(headers, 'metals-source-offset')),
    value: value?.toString() ?? '',
  }));
}
