import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig, ServiceOptions } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { countStored, emptyStore } from './rig';
import { runJob } from './worker';

export interface DrainResult {
  readonly events: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** User and system, of the processor's container, while it drains. */
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

/** What looks at the processor must not take part of the two cores that are measured: no process is started to look. */
const POLL_MS = 250;
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

async function watch(task: Task, events: number): Promise<DrainResult> {
  let first: { readonly done: number; readonly atMs: number; readonly cpuMs: number } | undefined;
  let peakBytes = 0;
  for (;;) {
    const done = await processed(task);
    const { cpuMs, memoryBytes } = await task.stats();
    const atMs = performance.now();
    peakBytes = Math.max(peakBytes, memoryBytes);
    if (first === undefined && done > 0) first = { done, atMs, cpuMs };
    if (first !== undefined && done >= events) {
      const seconds = (atMs - first.atMs) / 1_000;
      const measured = done - first.done;
      const metrics = await task.metrics();
      const total = (name: string): number => metrics.get(`metals_processor_batch_documents_${name}`) ?? 0;
      return {
        events,
        seconds,
        perSecond: measured / seconds,
        cpuMicrosPerEvent: ((cpuMs - first.cpuMs) * 1_000) / measured,
        peakMemoryMb: peakBytes / MB,
        batchMean: total('sum') / total('count'),
      };
    }
    await sleep(POLL_MS);
  }
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
