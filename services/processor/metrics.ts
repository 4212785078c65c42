import { Metrics } from '../common/metrics';
import type { BatchResult } from './process-batch';
import type { PriceDocument } from './record';

/** What the processor counts; every name starts with `metals_processor_` and carries its unit. */
export class ProcessorMetrics extends Metrics {
  readonly requests = this.latency('http_request_duration_seconds', 'Time to answer a request', ['route', 'status']);
  readonly resets = this.counter(
    'offset_resets_total',
    'Times that the committed offset was gone from the topic, or that the topic had lost committed records',
  );
  readonly writeRetries = this.counter('write_retries_total', 'Inserts that were repeated');
  private readonly read = this.counter('events_read_total', 'Records read from the topic');
  private readonly events = this.counter('events_total', 'Records by what became of them', ['result']);
  private readonly deadLetters = this.counter('dead_letters_total', 'Dead letters by reason', ['reason']);
  private readonly batchDocuments = this.batchSize('batch_documents', 'Documents in one insert');
  private readonly writeSeconds = this.latency('write_duration_seconds', 'Time until MongoDB acknowledged an insert');
  private readonly endToEndSeconds = this.latency(
    'end_to_end_seconds',
    'From the timestamp of an event until it is stored',
  );
  /** Records that are safe, since the start. */
  processedCount = 0;

  constructor() {
    super('processor');
  }

  onRead(records: number): void {
    this.read.inc(records);
  }

  onWrite(documents: number, seconds: number): void {
    this.batchDocuments.observe(documents);
    this.writeSeconds.observe(seconds);
  }

  onStored(documents: readonly PriceDocument[]): void {
    const now = Date.now();
    for (const { timestamp } of documents) this.endToEndSeconds.observe(Math.max(0, now - timestamp.getTime()) / 1_000);
  }

  onResult(result: BatchResult): void {
    this.processedCount += result.inserted + result.repeated;
    this.events.inc({ result: 'inserted' }, result.inserted);
    this.events.inc({ result: 'repeated' }, result.repeated);
    this.events.inc({ result: 'dead_letter' }, result.deadLetters.length);
    for (const { reason } of result.deadLetters) this.deadLetters.inc({ reason });
  }
}
