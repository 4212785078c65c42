import { retryForever, type Backoff } from '../common/backoff';
import { Coalescer } from '../common/coalescer';
import { errorText, type Logger } from '../common/log';
import { within } from '../common/mongo';
import type { PriceDocument } from './record';
import type { Correction } from './settle';
import { correctChanges, storeDocuments, type PriceCollection, type StoreResult } from './store';
import { SupersededError } from './superseded';

/** The second is on its way while MongoDB works on the first, so that it never waits for this process. */
const MAX_INSERTS = 2;

export interface WriterOptions {
  readonly collection: () => PriceCollection;
  readonly maxDocuments: number;
  /** How long one attempt may take, the waits of the driver included. */
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onWrite?: (documents: number, seconds: number) => void;
  readonly onRetry?: (error: Error) => void;
}

interface Chunk {
  readonly documents: readonly PriceDocument[];
  readonly isCurrent: () => boolean;
  result: StoreResult | undefined;
}

/**
 * Writes what all partitions bring as few, large inserts: two in flight, and what arrives meanwhile goes together
 * into the next. An insert is repeated until MongoDB has taken it; nothing is skipped.
 */
export class Writer {
  private readonly queue: Coalescer<Chunk>;
  /** Documents in the next insert. */
  private limit: number;
  /** Why the last attempt failed, or undefined when it succeeded. */
  problem: string | undefined;

  constructor(private readonly options: WriterOptions) {
    this.limit = options.maxDocuments;
    this.queue = new Coalescer({
      maxBatchWeight: options.maxDocuments,
      maxFlushes: MAX_INSERTS,
      // The consumer bounds it: a partition has so many records under way and no more.
      maxQueuedWeight: Number.POSITIVE_INFINITY,
      weigh: ({ documents }) => documents.length,
      flush: (chunks) => this.flush(chunks),
    });
  }

  get waiting(): number {
    return this.queue.queuedWeight;
  }

  /**
   * Rejects with SupersededError where `isCurrent` denies it by then: after one rebalance on the other, a slow store would
   * be busy with what nobody can commit.
   */
  async write(documents: readonly PriceDocument[], isCurrent = (): boolean => true): Promise<StoreResult> {
    const chunks: Chunk[] = [];
    for (let start = 0; start < documents.length; start += this.options.maxDocuments) {
      const some = documents.slice(start, start + this.options.maxDocuments);
      chunks.push({ documents: some, isCurrent, result: undefined });
    }
    await Promise.all(chunks.map((chunk) => this.queue.submit(chunk)));
    return chunks.map(resultOf).reduce(add, NOTHING);
  }

  /** Repeated until MongoDB has taken it. Rejects with SupersededError where `isCurrent` denies it by then. */
  async correct(corrections: readonly Correction[], isCurrent = (): boolean => true): Promise<void> {
    const { backoff, signal, logger, collection, onRetry, timeoutMs } = this.options;
    const attempt = async (): Promise<void> => {
      if (isCurrent()) await within(timeoutMs, correctChanges(collection(), corrections));
    };
    await retryForever(attempt, {
      backoff,
      signal,
      onRetry: (error, attempts) => {
        this.problem = `MongoDB: ${errorText(error)}`;
        onRetry?.(error);
        logger.warn({ reason: this.problem, attempt: attempts, corrections: corrections.length }, 'correction failed');
      },
    });
    if (!isCurrent()) throw new SupersededError(`${corrections.length} corrections are another assignment's to make`);
    this.problem = undefined;
  }

  private async flush(chunks: readonly Chunk[]): Promise<void> {
    const current = chunks.filter((chunk) => chunk.isCurrent());
    share(current, await this.writeAll(current.flatMap((chunk) => chunk.documents)));
  }

  /**
   * In one insert, as long as that works. After a failure in inserts of half the size, and so on down to one document,
   * for a server that is too slow for a large one would fail for ever; after each success in larger ones again.
   */
  private async writeAll(documents: readonly PriceDocument[]): Promise<StoreResult> {
    let total = NOTHING;
    for (let done = 0; done < documents.length;) {
      const { size, result } = await this.writeSome(documents, done);
      total = add(total, result);
      done += size;
      this.limit = Math.min(this.options.maxDocuments, this.limit * 2);
    }
    return total;
  }

  private async writeSome(
    documents: readonly PriceDocument[],
    start: number,
  ): Promise<{ readonly size: number; readonly result: StoreResult }> {
    const { backoff, signal, logger, collection, onRetry, onWrite, timeoutMs } = this.options;
    let startedAt = performance.now();
    let some: readonly PriceDocument[] = [];
    const insert = (): Promise<StoreResult> => {
      startedAt = performance.now();
      some = documents.slice(start, start + this.limit);
      return within(timeoutMs, storeDocuments(collection(), some));
    };
    const result = await retryForever(insert, {
      backoff,
      signal,
      onRetry: (error, attempt) => {
        this.problem = `MongoDB: ${errorText(error)}`;
        this.limit = Math.max(1, Math.floor(some.length / 2));
        onRetry?.(error);
        logger.warn({ reason: this.problem, attempt, documents: some.length }, 'write failed, repeating');
      },
    });
    this.problem = undefined;
    onWrite?.(some.length, (performance.now() - startedAt) / 1_000);
    return { size: some.length, result };
  }
}

const NOTHING: StoreResult = { inserted: 0, repeated: [], refused: [] };

const add = (left: StoreResult, right: StoreResult): StoreResult => ({
  inserted: left.inserted + right.inserted,
  repeated: [...left.repeated, ...right.repeated],
  refused: [...left.refused, ...right.refused],
});

function resultOf({ documents, result }: Chunk): StoreResult {
  if (result === undefined)
    throw new SupersededError(`${documents.length} documents are another assignment's to write`);
  return result;
}

/** Refusals and repetitions go to the chunk whose document it was; the count is for statistics and goes to the first. */
function share(chunks: readonly Chunk[], { inserted, repeated, refused }: StoreResult): void {
  const refusals = new Map(refused.map((refusal) => [refusal.document, refusal]));
  const repetitions = new Map(repeated.map((repetition) => [repetition.document, repetition]));
  chunks.forEach((chunk, index) => {
    const of = <T>(found: ReadonlyMap<PriceDocument, T>): T[] =>
      chunk.documents.flatMap((document) => found.get(document) ?? []);
    chunk.result = { inserted: index === 0 ? inserted : 0, repeated: of(repetitions), refused: of(refusals) };
  });
}
