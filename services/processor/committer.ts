import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Logger } from '../common/log';

/** Up to where one partition is done: the offset to read next, and what whoever reads on from there needs to know. */
export interface Position {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

export interface CommitterOptions {
  /** The least time between two commits: a position that another follows at once needs no commit of its own. */
  readonly intervalMs: number;
  /** Rejects, or resolves once the broker has the positions. */
  readonly commit: (positions: readonly Position[]) => Promise<void>;
  readonly logger: Logger;
}

/** Commits the newest position of each partition, one request in flight; one that failed is repeated until superseded. */
export class Committer {
  private waiting = new Map<number, Position>();
  private running: Promise<void> | undefined;
  private closed = false;
  private assignment = 0;
  /** Why the last commit failed, or undefined when it succeeded. */
  problem: string | undefined;

  constructor(private readonly options: CommitterOptions) {}

  note(position: Position): void {
    if (this.closed) return;
    this.waiting.set(position.partition, position);
    this.running ??= this.run(this.assignment);
  }

  /** The partitions are assigned anew: what waits is no longer ours to commit, and what is under way is not waited for. */
  discard(): void {
    this.assignment += 1;
    this.waiting.clear();
    this.running = undefined;
    this.problem = undefined;
  }

  /** One last commit of what waits. What it fails to commit is read again by whoever comes next. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    await this.commitWaiting();
  }

  private async run(assignment: number): Promise<void> {
    while (this.waiting.size > 0 && !this.closed) {
      await this.commitWaiting();
      await sleep(this.options.intervalMs);
      if (assignment !== this.assignment) return;
    }
    this.running = undefined;
  }

  private async commitWaiting(): Promise<void> {
    const taken = this.waiting;
    if (taken.size === 0) return;
    const { assignment } = this;
    this.waiting = new Map();
    const positions = [...taken.values()];
    try {
      const committed = this.options.commit(positions);
      // crash-point: in-commit
      await committed;
      if (assignment === this.assignment) this.problem = undefined;
    } catch (error) {
      const reason = `offsets: ${errorText(error)}`;
      this.options.logger.warn({ reason, partitions: [...taken.keys()] }, 'offsets not committed');
      if (assignment !== this.assignment) return;
      this.problem = reason;
      for (const [partition, position] of taken) {
        if (!this.waiting.has(partition)) this.waiting.set(partition, position);
      }
    }
  }
}
