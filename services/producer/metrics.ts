import { Metrics } from '../common/metrics';
import type { PublisherOptions } from './publisher';

/** What the producer counts; docs/events.md lists the names. */
export function producerMetrics() {
  const metrics = new Metrics('producer');
  return {
    metrics,
    requestSeconds: metrics.latency('http_request_duration_seconds', 'Time to answer a request', ['route', 'status']),
    received: metrics.counter('events_received_total', 'Events that clients sent, by what became of them', [
      'result',
      'reason',
    ]),
    published: metrics.counter('events_published_total', 'Events that Kafka acknowledged, of clients and of the feed'),
    feedEvents: metrics.counter('feed_events_total', 'Events of the feed by result', ['result']),
    feedPolls: metrics.counter('feed_polls_total', 'Polls of an HTTP feed by result', ['result']),
    batchEvents: metrics.batchSize('batch_events', 'Events in one send'),
    sendSeconds: metrics.latency('send_duration_seconds', 'Time until Kafka acknowledged a batch'),
    sendFailures: metrics.counter('send_failures_total', 'Batches of unknown outcome'),
    connects: metrics.counter('kafka_connects_total', 'Attempts to connect to Kafka by result', ['result']),
  };
}
export type ProducerMetrics = ReturnType<typeof producerMetrics>;

export function publisherHooks(
  metrics: ProducerMetrics,
): Pick<PublisherOptions, 'onBatch' | 'onConnect' | 'onSendFailed'> {
  return {
    onBatch: (size, seconds) => {
      metrics.published.inc(size);
      metrics.batchEvents.observe(size);
      metrics.sendSeconds.observe(seconds);
    },
    onConnect: (result) => metrics.connects.inc({ result }),
    onSendFailed: () => metrics.sendFailures.inc(),
  };
}
