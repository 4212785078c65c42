import { drain, storeLimit, type Limit } from '../support/drain';
import { withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';
import { runJob } from '../support/worker';

/** A backlog that one processor drains, against the limits of the store and of the client, in one run. */
export async function drainSuite(suite: Suite): Promise<void> {
  const events = suite.events(1_000_000);
  await withRig(suite, async (rig) => {
    // The store is measured before and after, so that a change of the machine's mood shows.
    const before = await storeLimit(rig, events);
    const ours = await drain(rig, { events });
    const after = await storeLimit(rig, events);
    const client = await runJob<Limit>(rig, { verb: 'bare-consumer', events });
    const store = { ...before, perSecond: (before.perSecond + after.perSecond) / 2 };
    const slower = Math.min(store.perSecond, client.perSecond);
    const rows: Row[] = [
      row('processor', ours, slower),
      row('insertMany loop, no Kafka, before', before, slower),
      row('insertMany loop, no Kafka, after', after, slower),
      row('bare kafkajs consumer', client, slower),
    ];
    suite.table(`draining ${events.toLocaleString('en')} events; ratio to the slower limit`, rows);
    suite.table('memory and batches of the processor', [
      { 'peak resident MB': ours.peakMemoryMb, 'documents per insert': ours.batchMean, seconds: ours.seconds },
    ]);
  });
}

const row = (what: string, { perSecond, cpuMicrosPerEvent }: Limit, slower: number): Row => ({
  what,
  'events/s': perSecond,
  'CPU µs/event': cpuMicrosPerEvent,
  ratio: perSecond / slower,
});
