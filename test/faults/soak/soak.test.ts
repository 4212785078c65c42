/** An hour at 200 events a second, a fault a minute: memory, handles and latency must not grow with the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomInt } from 'node:crypto';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { Fleet, QUICK } from '../support/fleet';
import { Inflictor } from '../support/inflict';
import type { Load } from '../support/load';
import { violations } from '../support/oracle';
import { planFaults } from '../support/schedule';
import { describeTrend, growth, percentile, type Point } from '../support/trend';
import { GROUP, TOPIC, withAdmin } from '../support/topics';
import { startFaultRig, tell, underLoad } from '../support/trial';
import { wholeNumber } from '../support/whole-number';

const MINUTES = wholeNumber('METALS_SOAK_MINUTES', 60, 1);
const SEED = wholeNumber('METALS_FAULT_SEED', randomInt(1, 1_000_000), 0);
const RATE_PER_SECOND = 200;
const MINUTE_MS = 60_000;
/** A verdict each: what is judged is then taken away, for the whole hour would be too much to hold. */
const SEGMENT_MINUTES = Math.min(5, MINUTES);
const SEGMENTS = Math.ceil(MINUTES / SEGMENT_MINUTES);
/** Of the store's stand-in: SQLite takes 32,766 values in a statement. */
const DELETED_AT_ONCE = 30_000;
/** Of each partition: what comes in a minute, so that the latest price of each metal is among them. */
const KEPT_RECORDS = 2_000;
/** The last third of the hour against the first. */
const MOST_GROWTH = 0.25;

jest.setTimeout(MINUTES * 3 * MINUTE_MS + 900_000);

let rig: Rig;
let fleet: Fleet;
/** Neither is killed nor replaced, so that it is as old as the soak. */
let old: { readonly producer: Task; readonly processor: Task };
beforeAll(async () => {
  rig = await startFaultRig('soak');
  fleet = new Fleet(rig, QUICK, { clock: true });
  const [producer, processor] = await Promise.all([
    fleet.add('producer'),
    fleet.add('processor'),
    fleet.add('producer'),
    fleet.add('processor'),
  ]);
  old = { producer, processor };
});
afterAll(() => rig?.stop());

const P99 = 'latency p99, ms';
const points: Point[] = [];

async function look(load: Load): Promise<void> {
  const latencies = load.takeLatenciesMs();
  const figures: Record<string, number> = {
    'latency p50, ms': percentile(latencies, 0.5),
    [P99]: percentile(latencies, 0.99),
  };
  for (const [name, task] of Object.entries(old)) {
    const metrics = await task.metrics();
    figures[`${name}: memory, MB`] = (metrics.get('process_resident_memory_bytes') ?? NaN) / 1_048_576;
    figures[`${name}: heap, MB`] = (metrics.get('nodejs_heap_size_used_bytes') ?? NaN) / 1_048_576;
    figures[`${name}: file descriptors`] = metrics.get('process_open_fds') ?? NaN;
    figures[`${name}: handles`] =
      metrics.get('nodejs_active_resources_total') ?? metrics.get('nodejs_active_handles_total') ?? NaN;
  }
  points.push(figures);
  tell(
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value.toFixed(1)}`)
      .join('; '),
  );
}

/** Of other containers than the two whose age is measured. */
async function inflictEveryMinute(load: Load, segment: number): Promise<void> {
  const others = new Fleet(rig, QUICK, { clock: true });
  for (const service of ['producer', 'processor'] as const) {
    others.of(service).push(...fleet.of(service).filter((task) => task !== old[service]));
  }
  const faults = planFaults(SEGMENTS * SEGMENT_MINUTES, SEED).slice(
    segment * SEGMENT_MINUTES,
    (segment + 1) * SEGMENT_MINUTES,
  );
  const inflictor = new Inflictor(rig, others);
  for (const fault of faults) {
    const minute = sleep(MINUTE_MS);
    await inflictor.inflict([fault]);
    // A rolling update has replaced one by another.
    for (const service of ['producer', 'processor'] as const) {
      fleet.of(service).splice(0, Infinity, old[service], ...others.of(service));
    }
    await minute;
    await look(load).catch((error: Error) => tell(`no figures for this minute: ${error.message}`));
  }
}

const runOf = (segment: number): string => `soak-${SEED}-${segment}`;

/** The first offset that is still there, by partition. */
const keptFrom = new Map<number, number>();

/**
 * Records and documents that are judged, but for the latest: the changes of the next segment refer to those. The group and
 * its latest prices stay as they are.
 */
async function forgetJudged(): Promise<void> {
  const ends = await withAdmin(rig.kafkaClient(), async (admin) => {
    // First: kafkajs deletes records of a topic only once it has looked at it.
    const [{ partitions: committed }] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
    const partitions = committed
      .map(({ partition, offset }) => ({ partition, offset: String(Number(offset) - KEPT_RECORDS) }))
      .filter(({ offset }) => Number(offset) > 0);
    if (partitions.length > 0) await admin.deleteTopicRecords({ topic: TOPIC, partitions });
    return partitions.map(({ partition, offset }) => [partition, Number(offset)] as const);
  });
  const client = rig.mongoClient('admin');
  try {
    const prices = client.db('metals').collection('prices');
    for (const [partition, end] of ends) {
      for (let offset = keptFrom.get(partition) ?? 0; offset < end; offset += DELETED_AT_ONCE) {
        const range = { $gte: offset, $lt: Math.min(end, offset + DELETED_AT_ONCE) };
        // By place: the stand-in compares every document with each of a list of ids.
        await prices.deleteMany({ 'kafka.partition': partition, 'kafka.offset': range });
      }
      keptFrom.set(partition, end);
    }
  } finally {
    await client.close();
  }
}

test(`${SEGMENTS * SEGMENT_MINUTES} minutes at ${RATE_PER_SECOND} events/s, a fault a minute, seed ${SEED}: nothing lost, nothing grows`, async () => {
  for (let segment = 0; segment < SEGMENTS; segment += 1) {
    const load = { run: runOf(segment), ratePerSecond: RATE_PER_SECOND };
    const verdict = await underLoad(rig, fleet, load, (running) => inflictEveryMinute(running, segment));
    expect(violations(verdict)).toEqual([]);
    expect(verdict.vitals.failures).toEqual([]);
    await forgetJudged();
  }
  tell(describeTrend(points));
  expect(await Promise.all(Object.values(old).map((task) => task.state()))).toEqual([
    expect.objectContaining({ running: true }),
    expect.objectContaining({ running: true }),
  ]);
  // A fault a minute decides the slowest requests, not the age of the processes.
  const judged = points.map((point) => Object.fromEntries(Object.entries(point).filter(([name]) => name !== P99)));
  expect(growth(judged, MOST_GROWTH)).toEqual([]);
});
