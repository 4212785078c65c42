import { live, type LiveResult } from '../support/live';
import { withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';

/** Replicas, and what the predecessor's scaling test states for them, in events per second. */
const SCENARIOS = [
  { producers: 1, processors: 1, predecessor: 185 },
  { producers: 5, processors: 1, predecessor: 820 },
  { producers: 5, processors: 3, predecessor: 925 },
];
const SINGLE = 1;
const ARRAY = 50;

/** From POST /produce to MongoDB, the generator of the load on the same machine. */
export async function liveSuite(suite: Suite): Promise<void> {
  const seconds = Math.max(5, Math.round(15 * suite.scale));
  await withRig(suite, async (rig) => {
    const capacities: Row[] = [];
    const latencies: Row[] = [];
    for (const { producers, processors, predecessor } of SCENARIOS) {
      const replicas = `${producers}+${processors}`;
      for (const batch of [SINGLE, ARRAY]) {
        const concurrency = batch === SINGLE ? 128 : 16;
        suite.note(`capacity of ${replicas}, ${batch} event(s) a request`);
        const most = await live(rig, { producers, processors, batch, concurrency, seconds });
        const capacity = Math.min(most.load.perSecond, most.storedPerSecond);
        capacities.push({
          replicas,
          'events/request': batch,
          ...capacityOf(most),
          '× predecessor': capacity / predecessor,
        });
        suite.note(`${replicas} at half of ${Math.round(capacity)} events/s`);
        const half = Math.round(capacity / 2);
        const atHalf = await live(rig, {
          producers,
          processors,
          batch,
          seconds,
          eventsPerSecond: half,
          concurrency: 256,
        });
        latencies.push({ replicas, 'events/request': batch, 'offered events/s': half, ...latencyOf(atHalf) });
      }
      suite.note(`${replicas} at the predecessor's ${predecessor} events/s`);
      const request = { producers, processors, batch: SINGLE, seconds, eventsPerSecond: predecessor };
      const same = await live(rig, { ...request, concurrency: 256 });
      latencies.push({ replicas, 'events/request': SINGLE, 'offered events/s': predecessor, ...latencyOf(same) });
    }
    suite.table('capacity, closed loop (all of the machine: load, producers, Kafka, processors, MongoDB)', capacities);
    suite.table('latency end to end, open loop, from the moment that an event was due until it is stored', latencies);
  });
}

const capacityOf = (result: LiveResult): Row => ({
  'acknowledged/s': result.load.perSecond,
  'stored/s': result.storedPerSecond,
  'producer µs': result.producerCpu,
  'processor µs': result.processorCpu,
  'Kafka µs': result.kafkaCpu,
  'MongoDB µs': result.mongodbCpu,
  'throttled %': result.throttledShare * 100,
  'peak MB': result.peakMemoryMb,
});

const latencyOf = (result: LiveResult): Row => ({
  ...result.latency,
  'stored/s': result.storedPerSecond,
  'not acknowledged': result.load.sentEvents - result.load.acknowledgedEvents,
  'throttled %': result.throttledShare * 100,
});
