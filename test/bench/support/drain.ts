import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig, ServiceOptions } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { countStored, emptyStore } from './rig';
import { runJob } from './worker';

export interface DrainResult {
  readonly events: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** User and system, of the processor itself, while it drains. */
  readonly cpuMicrosPerEvent: number;
  readonly peakMemoryMb: number;
  readonly batchMean: number;
}

export interface DrainRequest {
  readonly events: number;
  readonly recordBytes?: number;
  readonly partitions?: number;
  readonly processor?: ServiceOptions;
}

/**
 * No process is started to look, and no more looks are taken than needed: one costs the processor some 2 ms. How long
 * the rest may take is guessed by a rate that no store here exceeds, so the end is seen within the least wait.
 */
const LEAST_POLL_MS = 25;
const MOST_POLL_MS = 250;
const FASTEST_PER_MS = 20;
const STALLED_MS = 120_000;
const MB = 1_048_576;

/** Fills the topic, starts one processor, and measures until every event is stored; throws if one is not. */
export async function drain(rig: Rig, request: DrainRequest): Promise<DrainResult> {
  const { events, recordBytes, partitions, processor } = request;
  await emptyStore(rig);
  await runJob(rig, { verb: 'prefill', events, recordBytes, partitions });
  const task = await rig.startService('processor', { cpus: 'unlimited', wait: false, ...processor });
  try {
    const result = await watch(task, events);
    const stored = await countStored(rig);
    if (stored !== events) throw new Error(`${events} events were on the topic, ${stored} documents are stored`);
    return result;
  } finally {
    await task.stop();
    await task.remove();
  }
}

export interface Limit {
  readonly perSecond: number;
  readonly cpuMicrosPerEvent: number;
}

/** The limit of the store: the same documents into the same empty store, by a bare insertMany loop without Kafka. */
export async function storeLimit(rig: Rig, events: number): Promise<Limit> {
  await emptyStore(rig);
  return runJob<Limit>(rig, { verb: 'insert-loop', events });
}

async function watch(task: Task, events: number): Promise<DrainResult> {
  const ended = new AbortController();
  const [{ first, last, batchMean }, peakBytes] = await Promise.all([
    drained(task, events).finally(() => ended.abort()),
    peakMemory(task, ended.signal),
  ]);
  const seconds = (last.atMs - first.atMs) / 1_000;
  const measured = last.done - first.done;
  return {
    events,
    seconds,
    perSecond: measured / seconds,
    cpuMicrosPerEvent: ((last.cpuSeconds - first.cpuSeconds) * 1e6) / measured,
    peakMemoryMb: peakBytes / MB,
    batchMean,
  };
}

async function drained(task: Task, events: number): Promise<{ first: Sample; last: Sample; batchMean: number }> {
  const first = await whenProcessed(task, 1);
  if (first.done === events) throw new Error(`${events} events are too few: they were stored before the first look`);
  const last = await whenProcessed(task, events);
  const metrics = await task.metrics();
  const total = (name: string): number => metrics.get(`metals_processor_batch_documents_${name}`) ?? 0;
  return { first, last, batchMean: total('sum') / total('count') };
}

interface Sample {
  readonly done: number;
  readonly atMs: number;
  readonly cpuSeconds: number;
}

/** Throws when nothing more is stored for a while. */
async function whenProcessed(task: Task, count: number): Promise<Sample> {
  let highest = -1;
  let risenAtMs = performance.now();
  for (;;) {
    const done = await processed(task);
    const atMs = performance.now();
    if (done >= count) return { done, atMs, cpuSeconds: await task.cpuSeconds() };
    if (done > highest) [highest, risenAtMs] = [done, atMs];
    if (atMs - risenAtMs > STALLED_MS)
      throw new Error(`${done} of ${count} stored, no more for ${STALLED_MS / 1_000} s: ${await task.logs(5)}`);
    await sleep(Math.min(Math.max(LEAST_POLL_MS, (count - done) / FASTEST_PER_MS), MOST_POLL_MS));
  }
}

/** Docker answers about once a second. */
async function peakMemory(task: Task, signal: AbortSignal): Promise<number> {
  let peak = 0;
  while (!signal.aborted) peak = Math.max(peak, (await task.stats()).memoryBytes);
  return peak;
}

/** 0 while it starts. */
async function processed(task: Task): Promise<number> {
  try {
    return (await task.health()).processed_count;
  } catch {
    const { running, exitCode } = await task.state();
    if (!running) throw new Error(`the processor ended with ${exitCode}: ${await task.logs(5)}`);
    return 0;
  }
}
