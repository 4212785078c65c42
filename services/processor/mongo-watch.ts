import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Logger } from '../common/log';
import type { MongoFacts } from './mongo-probe';

export interface MongoWatchOptions {
  readonly probe: () => Promise<MongoFacts>;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** How soon a dependency that is away is asked again. */
const RECHECK_MS = 1_000;
/** A look that takes longer is told of before it fails: an answer may take several time-outs. */
const SLOW_MS = 5_000;

/** Asks MongoDB every few seconds, so that /health tells the truth also while nothing is written. */
export class MongoWatch {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private lastProblem: string | undefined = 'not yet connected to MongoDB';
  private checkStartedMs: number | undefined;
  /** Of the last look that MongoDB has answered. */
  facts: MongoFacts | undefined;

  constructor(private readonly options: MongoWatchOptions) {}

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** What the last look that has ended says. */
  get ok(): boolean {
    return this.lastProblem === undefined;
  }

  /** Why MongoDB cannot be used, or that it does not answer now; undefined when it can be used. */
  get problem(): string | undefined {
    const elapsedMs = this.checkStartedMs === undefined ? 0 : performance.now() - this.checkStartedMs;
    if (this.lastProblem !== undefined || elapsedMs <= SLOW_MS) return this.lastProblem;
    return `MongoDB: no answer for ${Math.floor(elapsedMs / 1_000)} s`;
  }

  async check(): Promise<void> {
    const before = this.lastProblem;
    this.checkStartedMs = performance.now();
    try {
      this.facts = await this.options.probe();
      this.lastProblem = undefined;
    } catch (error) {
      this.lastProblem = `MongoDB: ${errorText(error)}`;
    } finally {
      this.checkStartedMs = undefined;
    }
    if (this.lastProblem === before) return;
    if (this.lastProblem === undefined) this.options.logger.info('MongoDB is connected');
    else this.options.logger.warn({ reason: this.lastProblem }, 'MongoDB cannot be used');
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.check();
      const pauseMs = this.ok ? this.options.intervalMs : Math.min(RECHECK_MS, this.options.intervalMs);
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
