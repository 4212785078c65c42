/**
 * Does what the Swarm does: starts a container that has ended again after two seconds, and ends one that has not passed
 * its health check five times, ten seconds apart (assets/stack/stack.yml).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../../rig/http';
import type { Task } from '../../rig/task';
import { tell } from './trial';

const LOOK_MS = 1_000;
const RESTART_DELAY_MS = 2_000;
const CHECK_EVERY_MS = 10_000;
const CHECK_TIMEOUT_MS = 10_000;
const RETRIES = 5;
/** While it runs, failures do not count until one check has passed. */
const START_PERIOD_MS = 120_000;

interface Kept {
  failures: number;
  passed: boolean;
  startedAt: string;
  checkedMs: number;
}

export class Keeper {
  /** One line for each container that was started again, and why. */
  readonly restarts: string[] = [];
  private readonly kept = new Map<Task, Kept>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  /** @param isBusy whether a test is about to start that container itself */
  constructor(
    private readonly tasks: () => readonly Task[],
    private readonly isBusy: (task: Task) => boolean = () => false,
  ) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await Promise.all(
        this.tasks().map((task) => this.look(task).catch((error: Error) => tell(`keeper: ${error.message}`))),
      );
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(task: Task): Promise<void> {
    if (this.isBusy(task)) return;
    const { running, exitCode, startedAt, oomKilled } = await task.state();
    if (!running) return this.restart(task, oomKilled ? 'out of memory' : `ended with ${exitCode}`);
    const kept = this.kept.get(task);
    if (kept?.startedAt !== startedAt) {
      this.kept.set(task, { failures: 0, passed: false, startedAt, checkedMs: Date.now() });
      return;
    }
    // Kafka and MongoDB are looked at by the port alone, which a pause does not close.
    if (!/-(producer|processor)-\d+$/.test(task.container) || Date.now() - kept.checkedMs < CHECK_EVERY_MS) return;
    kept.checkedMs = Date.now();
    await this.check(task, kept);
  }

  private async check(task: Task, kept: Kept): Promise<void> {
    const status = await call(`${task.url}/health`, { timeoutMs: CHECK_TIMEOUT_MS }).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) {
      kept.passed = true;
      kept.failures = 0;
      return;
    }
    const starting = !kept.passed && Date.now() - Date.parse(kept.startedAt) < START_PERIOD_MS;
    if (!starting) kept.failures += 1;
    if (kept.failures < RETRIES || this.isBusy(task)) return;
    await task.kill();
    await this.restart(task, `unhealthy: ${status ?? 'no answer'}`);
  }

  private async restart(task: Task, reason: string): Promise<void> {
    this.restarts.push(`${task.container}: ${reason}`);
    tell(`restart of ${task.container}: ${reason}`);
    await sleep(RESTART_DELAY_MS);
    await task.start();
  }
}
