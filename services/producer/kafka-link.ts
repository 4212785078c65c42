import type { PriceEvent } from '../common/event';
import type { KafkaWatch } from '../common/kafka-watch';
import { KafkaUnavailableError, PATIENCE_MS, type Publisher } from './publisher';

/** Kafka as the producer sees it: publishes only while the topic is known to be as configured. */
export class KafkaLink {
  private reached = false;
  private readyAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly watch: Pick<KafkaWatch, 'ok' | 'problem' | 'isAboutTopics'>,
    readonly publisher: Publisher,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** The partition count must be known to be right: a send to a partition that is missing loses its events. */
  get ready(): boolean {
    const ready = this.watch.ok && this.publisher.connected;
    this.reached ||= ready;
    if (ready) this.readyAtMs = performance.now();
    return ready;
  }

  get everReady(): boolean {
    return this.ready || this.reached;
  }

  get problems(): readonly (string | undefined)[] {
    return [this.watch.problem, this.publisher.problem];
  }

  /** Events that come soon after Kafka was lost wait with those that were there, unless a topic is not as configured. */
  private get accepts(): boolean {
    if (this.ready) return true;
    return !this.watch.isAboutTopics && performance.now() - this.readyAtMs < this.patienceMs;
  }

  async publish(events: readonly PriceEvent[]): Promise<void> {
    if (!this.accepts) throw new KafkaUnavailableError(this.watch.problem ?? this.publisher.problem);
    await this.publisher.publish(events);
  }
}
