import { setTimeout as sleep } from 'node:timers/promises';
import { jitteredDelayMs } from '../common/backoff';
import { isKafkaError } from '../common/kafka-error';
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
  /** The group does not know this member, or not in this generation: no repetition can succeed. */
  readonly onExpelled: (error: Error) => void;
  readonly logger: Logger;
}

/** Between two attempts while commits fail. */
const RETRY = { baseMs: 100, maxMs: 2_000 };
/** https://kafka.apache.org/protocol.html#protocol_error_codes, 22 and 25. */
const EXPELLED: ReadonlySet<string> = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/** Commits the newest position of each partition, one request in flight; one that failed is repeated until superseded. */
export class Committer {
  private waiting = new Map<number, Position>();
  private running: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private assignment = 0;
  /** Why the last commit failed, or undefined when it succeeded. */
  problem: string | undefined;

  constructor(private readonly options: CommitterOptions) {}

  note(position: Position): void {
    if (this.closing.signal.aborted) return;
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
    this.closing.abort();
    await this.running;
    await this.commitWaiting();
  }

  private async run(assignment: number): Promise<void> {
    const { signal } = this.closing;
    for (let failures = 0; this.waiting.size > 0 && !signal.aborted;) {
      failures = (await this.commitWaiting()) ? 0 : failures + 1;
      const pauseMs = Math.max(this.options.intervalMs, failures === 0 ? 0 : jitteredDelayMs(failures, RETRY));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (assignment !== this.assignment) return;
    }
    this.running = undefined;
  }

  /** One attempt; resolves with whether the broker has the positions. */
  private async commitWaiting(): Promise<boolean> {
    const taken = this.waiting;
    if (taken.size === 0) return true;
    const { assignment } = this;
    this.waiting = new Map();
    try {
      const committed = this.options.commit([...taken.values()]);
      // crash-point: in-commit
      await committed;
      if (assignment === this.assignment) this.problem = undefined;
      return true;
    } catch (error) {
      const reason = `offsets: ${errorText(error)}`;
      this.options.logger.warn({ reason, partitions: [...taken.keys()] }, 'offsets not committed');
      if (assignment === this.assignment) this.failed(taken, reason, error);
      return false;
    }
  }

  private failed(taken: ReadonlyMap<number, Position>, reason: string, error: unknown): void {
    this.problem = reason;
    for (const [partition, position] of taken) {
      if (!this.waiting.has(partition)) this.waiting.set(partition, position);
    }
    if (isExpulsion(error)) this.options.onExpelled(error);
  }
}

const isExpulsion = (error: unknown): error is Error => isKafkaError(error, EXPELLED);
