import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Logger } from '../common/log';

export interface MongoWatchOptions {
  /** One cheap read that needs the login and the right to read. */
  readonly probe: () => Promise<unknown>;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** How soon a dependency that is away is asked again. */
const RECHECK_MS = 1_000;

/** Asks MongoDB every few seconds, so that /health tells the truth also while nothing is written. */
export class MongoWatch {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  problem: string | undefined = 'not yet connected to MongoDB';

  constructor(private readonly options: MongoWatchOptions) {}

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  get ok(): boolean {
    return this.problem === undefined;
  }

  async check(): Promise<void> {
    const before = this.problem;
    try {
      await this.options.probe();
      this.problem = undefined;
    } catch (error) {
      this.problem = `MongoDB: ${errorText(error)}`;
    }
    if (this.problem === before) return;
    if (this.problem === undefined) this.options.logger.info('MongoDB is connected');
    else this.options.logger.warn({ reason: this.problem }, 'MongoDB cannot be used');
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.check();
      const pauseMs = this.ok ? this.options.intervalMs : Math.min(RECHECK_MS, this.options.intervalMs);
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
