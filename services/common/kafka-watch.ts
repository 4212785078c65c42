import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka, PartitionMetadata } from 'kafkajs';
import { isKafkaError } from './kafka-error';
import { errorText, type Logger } from './log';

export interface ExpectedTopic {
  readonly topic: string;
  /** Undefined: any number will do. */
  readonly partitions?: number;
}

export interface WatchOptions {
  readonly kafka: Kafka;
  readonly topics: readonly ExpectedTopic[];
  readonly intervalMs: number;
  readonly logger: Logger;
  /** Asks more of a broker whose first topic can be used: what is wrong with another one must not hide the rest. */
  readonly onCheck?: (admin: Admin) => Promise<void>;
}

/** How soon a dependency that is away is asked again. */
const RECHECK_MS = 1_000;
/** A look that takes longer is told of before it fails: with its repetition it may last several request time-outs. */
const SLOW_MS = 5_000;

/**
 * Asks the broker for the topics every few seconds. That tells what kafkajs does not: that an idle connection is gone,
 * that the login or the rights fail, and that a topic has the partitions that the code sends to.
 */
export class KafkaWatch {
  private admin: Admin | undefined;
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private lastProblem: string | undefined = 'not yet connected to Kafka';
  private checkStartedMs: number | undefined;
  /** Whether the last look has found a topic that cannot be used, and not just one whose partitions have no leader yet. */
  isAboutTopics = false;

  /** Partitions of which a broker lacks records, by the last look that Kafka has answered: `metals-prices-3 on broker 2`. */
  behind: readonly string[] = [];

  constructor(private readonly options: WatchOptions) {}

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    await this.disconnect();
  }

  /** What the last look that has ended says. */
  get ok(): boolean {
    return this.lastProblem === undefined;
  }

  /** Why the broker cannot be used, or that it does not answer now; undefined when it can be used. */
  get problem(): string | undefined {
    const elapsedMs = this.checkStartedMs === undefined ? 0 : performance.now() - this.checkStartedMs;
    if (this.lastProblem !== undefined || elapsedMs <= SLOW_MS) return this.lastProblem;
    return `Kafka: no answer for ${Math.floor(elapsedMs / 1_000)} s`;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.check();
      const pauseMs = this.ok ? this.options.intervalMs : Math.min(RECHECK_MS, this.options.intervalMs);
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** One look; also used by callers that cannot wait for the next one. */
  async check(): Promise<void> {
    const before = this.lastProblem;
    this.checkStartedMs = performance.now();
    try {
      this.admin ??= await this.connect();
      const problems: (TopicProblem | undefined)[] = [];
      const behind: string[] = [];
      for (const expected of this.options.topics) problems.push(await askForTopic(this.admin, expected, behind));
      this.behind = behind;
      if (problems[0] === undefined) await this.options.onCheck?.(this.admin);
      this.lastProblem = problems.find((problem) => problem !== undefined)?.text;
      this.isAboutTopics = problems.some((problem) => problem !== undefined && !problem.isPassing);
    } catch (error) {
      this.lastProblem = `Kafka: ${errorText(error)}`;
      this.isAboutTopics = false;
      await this.disconnect();
    } finally {
      this.checkStartedMs = undefined;
    }
    if (this.lastProblem === before) return;
    if (this.lastProblem === undefined) this.options.logger.info('Kafka is connected');
    else this.options.logger.warn({ reason: this.lastProblem }, 'Kafka cannot be used');
  }

  private async connect(): Promise<Admin> {
    const admin = this.options.kafka.admin({ retry: { retries: 1, initialRetryTime: 100 } });
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      await admin.disconnect();
      throw error;
    }
  }

  private async disconnect(): Promise<void> {
    const admin = this.admin;
    this.admin = undefined;
    await admin?.disconnect().catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
  }
}

interface TopicProblem {
  readonly text: string;
  /** Another broker takes over. */
  readonly isPassing: boolean;
}

/** Answers that are about the topic, and leave the connection as it is. */
const OF_A_TOPIC: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED']);
const WITHOUT_LEADER: ReadonlySet<string> = new Set(['LEADER_NOT_AVAILABLE']);

/** Each by itself, for kafkajs answers for all topics or for none. */
async function askForTopic(
  admin: Pick<Admin, 'fetchTopicMetadata'>,
  expected: ExpectedTopic,
  behind: string[],
): Promise<TopicProblem | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [expected.topic] });
    const partitions = topics[0]?.partitions ?? [];
    behind.push(...partitions.flatMap((partition) => findBehind(expected.topic, partition)));
    const text = findTopicProblem(expected, partitions.length);
    return text === undefined ? undefined : { text, isPassing: false };
  } catch (error) {
    const isPassing = isKafkaError(error, WITHOUT_LEADER);
    if (!isPassing && !isKafkaError(error, OF_A_TOPIC)) throw error;
    return { text: `Kafka: topic ${expected.topic}: ${errorText(error)}`, isPassing };
  }
}

type Placed = Pick<PartitionMetadata, 'partitionId' | 'replicas' | 'isr'>;

/** The replicas of a partition that are not in sync. */
export const findBehind = (topic: string, { partitionId, replicas, isr }: Placed): string[] =>
  replicas.filter((broker) => !isr.includes(broker)).map((broker) => `${topic}-${partitionId} on broker ${broker}`);

export function findTopicProblem({ topic, partitions }: ExpectedTopic, count: number): string | undefined {
  if (count === 0) return `Kafka: topic ${topic} does not exist`;
  if (partitions === undefined || count === partitions) return undefined;
  return `Kafka: topic ${topic} has ${count} partitions, expected ${partitions}; change the topic or the configuration`;
}
