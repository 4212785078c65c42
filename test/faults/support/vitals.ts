/** What the containers take during a run: memory at its peak, processes that ended, lines that were logged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Fleet } from './fleet';

const INTERVAL_MS = 1_000;
const MEGABYTE = 1_048_576;
/** What docs/delivery.md states for both services; their limit is 256 MB. */
const MOST_MB = 200;
const BOUNDED: ReadonlySet<string> = new Set(['producer', 'processor']);

export interface Vitals {
  /** By the kind of container, in bytes. */
  readonly peakBytes: ReadonlyMap<string, number>;
  /** Containers that the kernel has ended for want of memory, that have ended with an error, or that took too much memory. */
  readonly failures: readonly string[];
  /** Lines of all replicas of a service. */
  readonly logLines: ReadonlyMap<string, number>;
}

/** Exit codes that a test brings about: the end that was asked for, and SIGKILL. */
const EXPECTED_EXITS: ReadonlySet<number> = new Set([0, 137]);
const kindOf = (task: Task): string => /-(producer|processor|kafka|mongodb)(-\d+)?$/.exec(task.container)?.[1] ?? '?';

export class VitalsWatch {
  private readonly peakBytes = new Map<string, number>();
  private readonly failures = new Set<string>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private readonly sinceMs = Date.now();
  private ended: Promise<Vitals> | undefined;

  constructor(
    private readonly rig: Rig,
    private readonly fleet: Fleet,
  ) {
    this.running = this.run();
  }

  /** Also when it is called again: the same answer. */
  stop(): Promise<Vitals> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<Vitals> {
    this.stopping.abort();
    await this.running;
    const logLines = new Map(this.fleet.takeRetiredLines());
    for (const task of [...this.fleet.producers, ...this.fleet.processors]) {
      await this.lookAtEnd(task);
      const kind = kindOf(task);
      logLines.set(kind, (logLines.get(kind) ?? 0) + (await task.countLogLines(this.sinceMs)));
    }
    return { peakBytes: this.peakBytes, failures: [...this.failures, ...tooLarge(this.peakBytes)], logLines };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const tasks = [this.rig.kafka, this.rig.mongodb, ...this.fleet.producers, ...this.fleet.processors];
      // A container that is just being replaced has no figures; the next look has those of its successor.
      await Promise.all(tasks.map((task) => this.look(task).catch(() => undefined)));
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(task: Task): Promise<void> {
    const { memoryBytes } = await task.stats();
    const kind = kindOf(task);
    this.peakBytes.set(kind, Math.max(memoryBytes, this.peakBytes.get(kind) ?? 0));
    await this.lookAtEnd(task);
  }

  private async lookAtEnd(task: Task): Promise<void> {
    const { running, exitCode, oomKilled } = await task.state();
    if (oomKilled) this.failures.add(`${task.container} ran out of memory`);
    if (!running && !EXPECTED_EXITS.has(exitCode)) this.failures.add(`${task.container} ended with ${exitCode}`);
  }
}

function tooLarge(peakBytes: ReadonlyMap<string, number>): string[] {
  return [...peakBytes]
    .map(([kind, bytes]) => [kind, Math.round(bytes / MEGABYTE)] as const)
    .filter(([kind, megabytes]) => BOUNDED.has(kind) && megabytes > MOST_MB)
    .map(([kind, megabytes]) => `a ${kind} took ${megabytes} MB, at most ${MOST_MB} are allowed`);
}

export function formatVitals({ peakBytes, failures, logLines }: Vitals): string {
  const peaks = [...peakBytes].map(([kind, bytes]) => `${kind} ${Math.round(bytes / MEGABYTE)} MB`);
  const lines = [...logLines].map(([kind, count]) => `${kind} ${count}`);
  return `peak memory: ${peaks.join(', ')}; log lines: ${lines.join(', ')}; failures: ${failures.join(', ') || 'none'}`;
}
