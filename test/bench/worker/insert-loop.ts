import { decide } from '../../../services/processor/record';
import { LastPrices } from '../../../services/processor/last-prices';
import { mongo } from './clients';
import { encode, makeEvent } from './events';
import { TOPIC, writeResult, type Job } from './job';

/** The limit of the store: the same documents, made beforehand, in one awaited insertMany after the other. */
export async function insertLoop({ events = 0, batch = 1_000 }: Job): Promise<void> {
  const last = LastPrices.decode(null);
  const documents = Array.from({ length: events }, (_, index) => {
    const event = makeEvent(index);
    const value = Buffer.from(encode(event));
    const at = { topic: TOPIC, partition: 0, offset: String(index) };
    const decision = decide({ ...at, key: Buffer.from(event.event_id), value }, new Date(), last);
    if (decision.kind !== 'document') throw new Error(`not a document: ${decision.detail}`);
    return decision.document;
  });
  const client = mongo();
  const prices = client.db('metals').collection<(typeof documents)[number]>('prices');
  await prices.findOne({ _id: 'none' });
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  for (let start = 0; start < events; start += batch) {
    await prices.insertMany(documents.slice(start, start + batch), { ordered: false });
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await client.close();
  writeResult({ events, seconds, perSecond: events / seconds, cpuMicrosPerEvent: (user + system) / events });
}
