import { kafka } from './clients';
import { encode, makeEvent } from './events';
import { METALS, TOPIC, writeResult, type Job } from './job';

const MOST_RECORDS = 2_000;
/** Half of what the topic takes at once, for one partition. */
const MOST_BYTES = 524_288;

/** Fills the topic with events, before anything reads it. */
export async function prefill(job: Job): Promise<void> {
  const { events = 0, partitions = METALS.length, recordBytes } = job;
  const producer = kafka().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const batch = Math.min(MOST_RECORDS, Math.ceil(MOST_BYTES / (recordBytes ?? 1)));
  let bytes = 0;
  for (let sent = 0; sent < events; sent += batch) {
    const messages = Array.from({ length: Math.min(batch, events - sent) }, (_, index) => {
      const event = makeEvent(sent + index, partitions);
      const value = encode(event, recordBytes);
      bytes += value.length;
      return { key: event.event_id, value, partition: (sent + index) % partitions };
    });
    await producer.send({ topic: TOPIC, acks: -1, messages });
  }
  await producer.disconnect();
  writeResult({ events, recordBytes: Math.round(bytes / events) });
}
