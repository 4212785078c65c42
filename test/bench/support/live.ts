import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { ContainerStats } from '../../rig/stats';
import { readLogs, type Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { measuringProcessor, mergeLatencies, percentilesMs } from './latency';
import { MEASURING } from '../worker/load';
import { startJob } from './worker';

export interface LiveRequest {
  readonly producers: number;
  readonly processors: number;
  /** Events in one request. */
  readonly batch: number;
  /** Undefined: as many as are answered (closed loop). */
  readonly eventsPerSecond?: number;
  readonly concurrency?: number;
  readonly seconds: number;
}

interface LoadResult {
  readonly sentEvents: number;
  readonly acknowledgedEvents: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly perSecond: number;
}

export interface LiveResult {
  readonly load: LoadResult;
  /** Stored while the load ran, per second. */
  readonly storedPerSecond: number;
  readonly latency: ReturnType<typeof percentilesMs>;
  /** µs per stored event. */
  readonly producerCpu: number;
  readonly processorCpu: number;
  readonly kafkaCpu: number;
  readonly mongodbCpu: number;
  readonly peakMemoryMb: number;
  /** Share of the periods of its quota in which a container of the services had to wait. */
  readonly throttledShare: number;
}

const WARM_UP_SECONDS = 4;
const DRAIN_SECONDS = 120;
const MB = 1_048_576;

/** Starts the replicas, loads them, waits until all is stored, and reads what it took. */
export async function live(rig: Rig, request: LiveRequest): Promise<LiveResult> {
  const producers = await startReplicas(rig, 'producer', request.producers);
  const processors = await startReplicas(rig, 'processor', request.processors);
  const services = [...producers, ...processors];
  const containers = [...services, rig.kafka, rig.mongodb];
  try {
    const { container, result } = await startJob<LoadResult>(rig, {
      verb: 'load',
      urls: producers.map(({ container: name }) => `http://${name.slice(rig.network.length + 1)}:8000`),
      warmUpSeconds: WARM_UP_SECONDS,
      ...request,
    });
    await waitUntil({ what: 'the warm-up', timeoutSeconds: 30 }, async () =>
      (await readLogs(container)).includes(MEASURING) ? undefined : 'it goes on',
    );
    const read = async () => ({
      atMs: performance.now(),
      stored: await stored(processors),
      published: await published(producers),
      used: await readAll(containers),
    });
    const start = await read();
    const load = await result;
    const end = await read();
    if (load.acknowledgedEvents === 0) throw new Error(`no event was acknowledged: ${JSON.stringify(load)}`);
    await waitUntil({ what: 'the rest to be stored', timeoutSeconds: DRAIN_SECONDS }, () =>
      missing(producers, processors),
    );
    const storedEvents = end.stored - start.stored;
    const publishedEvents = end.published - start.published;
    const used = end.used.map((after, index) => difference(start.used[index], after));
    const cpu = (from: number, to: number, events: number): number =>
      (used.slice(from, to).reduce((sum, { cpuMs }) => sum + cpuMs, 0) * 1_000) / events;
    await Promise.all(processors.map((task) => task.stop()));
    const logs = await Promise.all(processors.map((task) => task.logs()));
    const count = services.length;
    return {
      load,
      storedPerSecond: (storedEvents / (end.atMs - start.atMs)) * 1_000,
      latency: percentilesMs(mergeLatencies(logs)),
      producerCpu: cpu(0, producers.length, publishedEvents),
      processorCpu: cpu(producers.length, count, storedEvents),
      kafkaCpu: cpu(count, count + 1, publishedEvents),
      mongodbCpu: cpu(count + 1, count + 2, storedEvents),
      peakMemoryMb: Math.max(...end.used.slice(0, count).map(({ memoryBytes }) => memoryBytes)) / MB,
      throttledShare: Math.max(
        ...used.slice(0, count).map(({ periods, throttled }) => throttled / Math.max(1, periods)),
      ),
    };
  } finally {
    for (const task of services) await task.remove();
  }
}

async function startReplicas(rig: Rig, service: 'producer' | 'processor', count: number): Promise<Task[]> {
  const variant = service === 'processor' ? measuringProcessor : undefined;
  const config = service === 'producer' ? { feed: { rate_per_second: 0 } } : {};
  const tasks = [];
  for (let index = 0; index < count; index += 1) {
    tasks.push(await rig.startService(service, { variant, config, wait: false }));
  }
  await Promise.all(tasks.map((task) => task.ready()));
  // A new member makes the group join anew: let that end before the load begins.
  if (service === 'processor') await sleep(3_000);
  return tasks;
}

const readAll = (tasks: readonly Task[]): Promise<ContainerStats[]> => Promise.all(tasks.map((task) => task.stats()));

async function total(tasks: readonly Task[], metric: string): Promise<number> {
  const metrics = await Promise.all(tasks.map((task) => task.metrics()));
  return metrics.reduce((sum, samples) => sum + (samples.get(metric) ?? 0), 0);
}

const published = (producers: readonly Task[]): Promise<number> =>
  total(producers, 'metals_producer_events_published_total');

const stored = (processors: readonly Task[]): Promise<number> =>
  total(processors, 'metals_processor_events_total{result="inserted"}');

async function missing(producers: readonly Task[], processors: readonly Task[]): Promise<string | undefined> {
  const sent = await published(producers);
  const done = await stored(processors);
  return done >= sent ? undefined : `${sent - done} of ${sent} events are not stored`;
}

const difference = (before: ContainerStats, after: ContainerStats) => ({
  cpuMs: after.cpuMs - before.cpuMs,
  periods: after.periods - before.periods,
  throttled: after.throttledPeriods - before.throttledPeriods,
});
