import type { Logger } from '../common/log';
import type { ProducerConfig } from './config';
import { SimulatedFeed, type Feed, type FeedSink } from './feed';
import { feedSettings } from './feed-settings';
import { HttpFeed } from './http-feed';
import { EventReader } from './request';
import { PriceWalk } from './walk';

export interface FeedContext {
  readonly nextId: () => string;
  readonly taskSlot: number;
  readonly logger: Logger;
  readonly onPoll: (result: 'ok' | 'failed') => void;
}

/** Makes the feed that the configuration asks for; the defaults of either kind are here. */
export function createFeed(config: ProducerConfig, sink: FeedSink, context: FeedContext): Feed {
  const { feed } = config;
  if (feed.kind === 'http') {
    return new HttpFeed({
      ...sink,
      url: feed.url!,
      intervalMs: (feed.interval_seconds ?? 10) * 1_000,
      timeoutMs: (feed.timeout_seconds ?? 5) * 1_000,
      maxResponseBytes: feed.max_response_bytes ?? 262_144,
      maxQuotes: config.http.max_array_events,
      reader: new EventReader({ config, nextId: context.nextId, source: feed.source ?? 'http' }),
      logger: context.logger,
      onPoll: context.onPoll,
    });
  }
  const walk = new PriceWalk({
    config,
    // Each replica walks by itself, and the same one walks the same way again.
    seed: (feed.seed ?? 1) + context.taskSlot,
    volatility: feed.volatility ?? 0.0005,
    nextId: context.nextId,
  });
  const settings = feedSettings(feed.rate_per_second ?? 0, feed.burst_events);
  return new SimulatedFeed({ ...sink, next: () => walk.next(), settings });
}
