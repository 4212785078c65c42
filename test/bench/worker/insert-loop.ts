import { decide, type PriceDocument } from '../../../services/processor/record';
import { LastPrices } from '../../../services/processor/last-prices';
import { mongo } from './clients';
import { encode, makeEvent } from './events';
import { TOPIC, writeResult, type Job } from './job';

/** Made beforehand, so many at a time: a million of them would make this process slow, and not the store. */
const CHUNK_DOCUMENTS = 50_000;

/** The limit of the store: the same documents, made beforehand, in one awaited insertMany after the other. */
export async function insertLoop({ events = 0, batch = 1_000 }: Job): Promise<void> {
  const client = mongo();
  const prices = client.db('metals').collection<PriceDocument>('prices');
  await prices.findOne({}, { projection: { _id: 1 } });
  let milliseconds = 0;
  let cpuMicros = 0;
  for (let done = 0; done < events; done += CHUNK_DOCUMENTS) {
    const documents = makeDocuments(done, Math.min(CHUNK_DOCUMENTS, events - done));
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    for (let start = 0; start < documents.length; start += batch) {
      await prices.insertMany(documents.slice(start, start + batch), { ordered: false });
    }
    milliseconds += performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpu);
    cpuMicros += user + system;
  }
  await client.close();
  const seconds = milliseconds / 1_000;
  writeResult({ events, seconds, perSecond: events / seconds, cpuMicrosPerEvent: cpuMicros / events });
}

function makeDocuments(from: number, count: number): PriceDocument[] {
  const last = LastPrices.decode(null);
  return Array.from({ length: count }, (_, index) => {
    const event = makeEvent(from + index);
    const value = Buffer.from(encode(event));
    const at = { topic: TOPIC, partition: 0, offset: String(from + index), appendedMs: Date.now() };
    const decision = decide({ ...at, key: Buffer.from(event.event_id), value }, new Date(), last);
    if (decision.kind !== 'document') throw new Error(`not a document: ${decision.detail}`);
    return decision.document;
  });
}
