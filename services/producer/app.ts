import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiKeyChecker } from '../common/api-key';
import { HttpServer, type HttpLimits } from '../common/http';
import { BodyReader } from '../common/http-body';
import type { Logger } from '../common/log';
import { RecentRate } from '../common/recent-rate';
import { UuidV7Generator } from '../common/uuid';
import type { ProducerConfig } from './config';
import { createFeed } from './create-feed';
import { Deadlines } from './deadlines';
import type { Feed } from './feed';
import { producerFindings, producerHealth } from './health';
import type { KafkaLink } from './kafka-link';
import type { ProducerMetrics } from './metrics';
import { openApiDocument } from './openapi';
import { EventReader, requestSchema } from './request';
import { producerRoutes } from './routes';

/** A feed fills at most this share of the queue. */
const FEED_QUEUE_SHARE = 0.5;
/** All bodies under way; the memory limit of a replica is 256 MB. */
const MAX_BODIES_BYTES = 32 * 1024 * 1024;
/** Of the time for draining: when requests that still wait for Kafka are answered 504, and when connections are cut. */
const EXPIRE_SHARE = 0.6;
const CUT_SHARE = 0.7;

export interface AppOptions {
  readonly config: ProducerConfig;
  /** More than one while a key is rotated. */
  readonly apiKeys: readonly string[];
  readonly kafka: KafkaLink;
  readonly metrics: ProducerMetrics;
  readonly logger: Logger;
  readonly version: string;
  readonly taskSlot: number;
  readonly limits?: Partial<HttpLimits>;
}

/** The producer apart from its connections to Kafka: HTTP, feed and health. */
export class ProducerApp {
  private readonly server: HttpServer;
  private readonly feed: Feed;
  private readonly deadlines: Deadlines;
  private readonly rate: RecentRate;
  private stopping = false;

  constructor(private readonly options: AppOptions) {
    const { config, kafka, metrics, logger, version, taskSlot } = options;
    const ids = new UuidV7Generator();
    const nextId = (): string => ids.next();
    this.rate = new RecentRate(() => kafka.publisher.acknowledged);
    this.deadlines = new Deadlines(config.http.answer_timeout_ms);
    const feedShare = Math.ceil(config.queue.max_events * FEED_QUEUE_SHARE);
    this.feed = createFeed(
      config,
      {
        room: () => (kafka.ready ? Math.max(0, feedShare - kafka.publisher.queued) : 0),
        publish: (events) => kafka.publish(events),
        onResult: (result, count) => metrics.feedEvents.inc({ result }, count),
      },
      { nextId, taskSlot, logger, onPoll: (result) => metrics.feedPolls.inc({ result }) },
    );
    const routes = producerRoutes({
      isAuthorised: apiKeyChecker(options.apiKeys),
      isStopping: () => this.stopping,
      bodies: new BodyReader({ maxBytes: config.http.max_body_bytes, maxTotalBytes: MAX_BODIES_BYTES }),
      reader: new EventReader({ config, nextId }),
      maxArrayEvents: config.http.max_array_events,
      deadlines: this.deadlines,
      publish: (events) => kafka.publish(events),
      onEvents: (result, reason, count) => metrics.received.inc({ result, reason }, count),
      feed: this.feed,
      taskSlot,
      health: () => this.health(),
      metrics: () => metrics.metrics.reply(),
      openApi: openApiDocument({
        version,
        requestSchema: requestSchema(config),
        maxArrayEvents: config.http.max_array_events,
        maxBodyBytes: config.http.max_body_bytes,
      }),
    });
    this.server = new HttpServer({
      port: config.http.port,
      routes,
      logger,
      limits: options.limits,
      onAnswer: (route, status, seconds) => metrics.requestSeconds.observe({ route, status }, seconds),
    });
    metrics.metrics.gauge('queue_events', 'Events that wait to be sent', () => kafka.publisher.queued);
    metrics.metrics.gauge(
      'clock_skew_seconds',
      "By how much this clock is ahead of the broker's",
      () => kafka.publisher.clockSkewMs / 1_000,
    );
    metrics.metrics.healthStates(() => producerFindings(this.stateFacts()));
    metrics.metrics.gauge('kafka_connected', '1 while Kafka can be used', () => Number(kafka.ready));
  }

  /** Resolves with the port. */
  async start(): Promise<number> {
    const port = await this.server.listen();
    this.feed.start();
    return port;
  }

  /**
   * Stops the feed, takes no new request and sends every answer under way. Kafka may take longer than there is time:
   * requests then hear that their outcome is unknown, which is better than a connection that is cut.
   *
   * @param leaveMs of this time, how long requests are taken first, each the last of its connection: the edge learns only
   *   from DNS that this replica goes, and a connection that is closed while it sends a request over it costs that request
   */
  async drain(timeoutMs: number, leaveMs = 0): Promise<void> {
    const feedStopped = this.feed.stop();
    this.server.leave();
    if (leaveMs > 0) await sleep(leaveMs);
    this.stopping = true;
    const leftMs = timeoutMs - leaveMs;
    const expire = setTimeout(() => this.deadlines.expireAll('this replica stops'), leftMs * EXPIRE_SHARE);
    await this.server.close(leftMs * CUT_SHARE);
    clearTimeout(expire);
    await feedStopped;
  }

  private health() {
    const { kafka, config, version } = this.options;
    return producerHealth({
      version,
      kafkaConnected: kafka.ready,
      everReady: kafka.everReady,
      stopping: this.stopping,
      processedCount: kafka.publisher.acknowledged,
      processedPerSecond: this.rate.perSecond,
      instance: hostname(),
      ...this.stateFacts(),
      inFlightMs: kafka.publisher.inFlightMs,
      stuckAfterMs: config.stuck_after_seconds * 1_000,
    });
  }

  private stateFacts() {
    const { kafka } = this.options;
    return {
      kafkaProblems: kafka.problems,
      feedProblem: this.feed.problem,
      queueFull: kafka.publisher.full,
      clockSkewMs: kafka.publisher.clockSkewMs,
    };
  }
}
