import type { PriceEvent } from '../common/event';
import type { KafkaWatch } from '../common/kafka-watch';
import { KafkaUnavailableError, type Publisher } from './publisher';

/** Kafka as the producer sees it: publishes only while the topic is known to be as configured. */
export class KafkaLink {
  private reached = false;

  constructor(
    private readonly watch: Pick<KafkaWatch, 'ok' | 'problem'>,
    readonly publisher: Publisher,
  ) {}

  /** The partition count must be known to be right: a send to a partition that is missing loses its events. */
  get ready(): boolean {
    const ready = this.watch.ok && this.publisher.connected;
    this.reached ||= ready;
    return ready;
  }

  get everReady(): boolean {
    return this.ready || this.reached;
  }

  get problems(): readonly (string | undefined)[] {
    return [this.watch.problem, this.publisher.problem];
  }

  async publish(events: readonly PriceEvent[]): Promise<void> {
    if (!this.ready) throw new KafkaUnavailableError(this.watch.problem ?? this.publisher.problem);
    await this.publisher.publish(events);
  }
}
