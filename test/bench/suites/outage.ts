import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { countStored, withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';
import { runJob, startJob } from '../support/worker';

const FULL_MINUTES = 60;
const WARM_UP_EVENTS_PER_SECOND = 200;
const WARM_UP_SECONDS = 20;
const EVENTS_PER_SECOND = 50;
const SAMPLE_MS = 10_000;
const RECOVERY_SECONDS = 600;
const MB = 1_048_576;

interface LoadResult {
  readonly acknowledgedEvents: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** MongoDB, and in a second pipeline Kafka, away for an hour (times the scale), with clients that go on sending. */
export async function outageSuite(suite: Suite): Promise<void> {
  const minutes = FULL_MINUTES * suite.scale;
  const away = (store: 'mongodb' | 'kafka'): Promise<Row> =>
    withRig(suite, (rig) => outage(rig, store, minutes, suite.note), `outage-${store}`);
  const rows = await Promise.all([away('mongodb'), away('kafka')]);
  suite.table(`away for ${minutes} min, ${EVENTS_PER_SECOND} events/s offered meanwhile`, rows);
}

async function outage(
  rig: Rig,
  store: 'mongodb' | 'kafka',
  minutes: number,
  note: (line: string) => void,
): Promise<Row> {
  const producer = await rig.startService('producer', { config: { feed: { rate_per_second: 0 } } });
  const processor = await rig.startService('processor');
  const services = [producer, processor];
  const urls = [`http://${producer.container.slice(rig.network.length + 1)}:8000`];
  const load = { verb: 'load' as const, urls, warmUpSeconds: 0, concurrency: 256 };
  const warm = await runJob<LoadResult>(rig, {
    ...load,
    eventsPerSecond: WARM_UP_EVENTS_PER_SECOND,
    seconds: WARM_UP_SECONDS,
  });
  await allStored(rig, warm.acknowledgedEvents, RECOVERY_SECONDS);
  const startedAt = await Promise.all(services.map(async (task) => (await task.state()).startedAt));
  const memoryBefore = await memoryMb(services);
  note(`${store} is stopped for ${minutes} min`);
  await rig[store].kill();
  const job = await startJob<LoadResult>(rig, { ...load, eventsPerSecond: EVENTS_PER_SECOND, seconds: minutes * 60 });
  const peak = [0, 0];
  const statuses = new Set<string>();
  const sampling = sample(services, peak, statuses, minutes * 60_000);
  const during = await job.result;
  await sampling;
  await rig[store].start();
  const backMs = performance.now();
  const acknowledged = warm.acknowledgedEvents + during.acknowledgedEvents;
  await allStored(rig, acknowledged, RECOVERY_SECONDS);
  const restarted = await Promise.all(
    services.map(async (task, index) => (await task.state()).startedAt !== startedAt[index]),
  );
  return {
    away: store,
    'acknowledged meanwhile': during.acknowledgedEvents,
    'refused with 503': during.failures['503'] ?? 0,
    'other answers': JSON.stringify({ ...during.failures, 503: undefined }),
    'stored of acknowledged': `${await countStored(rig)} of ${acknowledged}`,
    'all stored after s': (performance.now() - backMs) / 1_000,
    'health meanwhile': [...statuses].join(', '),
    'producer MB before, peak': `${memoryBefore[0]}, ${Math.round(peak[0])}`,
    'processor MB before, peak': `${memoryBefore[1]}, ${Math.round(peak[1])}`,
    restarts: restarted.filter(Boolean).length,
  };
}

const allStored = (rig: Rig, events: number, timeoutSeconds: number): Promise<void> =>
  waitUntil({ what: 'all to be stored', timeoutSeconds, intervalMs: 1_000 }, async () => {
    const stored = await countStored(rig);
    return stored >= events ? undefined : `${stored} of ${events}`;
  });

const memoryMb = (tasks: readonly Task[]): Promise<number[]> =>
  Promise.all(tasks.map(async (task) => Math.round((await task.stats()).memoryBytes / MB)));

async function sample(tasks: readonly Task[], peak: number[], statuses: Set<string>, forMs: number): Promise<void> {
  for (const endMs = Date.now() + forMs; Date.now() < endMs; await sleep(SAMPLE_MS)) {
    (await memoryMb(tasks)).forEach((memory, index) => (peak[index] = Math.max(peak[index], memory)));
    // Not right after the start of the outage, when nothing has noticed yet.
    for (const task of tasks) statuses.add((await task.health()).status);
  }
}
