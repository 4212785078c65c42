import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import { jitteredDelayMs } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import { completeAssigner } from './complete-assigner';
import { asFetched } from './fetched';
import { fetchCommittedOffsets } from './group-offsets';
import type { Membership } from './group-watch';
import { keepMemberId } from './kept-member-id';
import { LeaderEpochs } from './leader-epochs';
import { Pacer } from './pacer';
import { ReadPositions } from './read-positions';

/** Short beside the time that a broker takes to start: what it adds to that is time without storing. */
export const RESTART = { baseMs: 250, maxMs: 2_000 };
const HEARTBEAT_INTERVAL_MS = 3_000;
const LEAVE_TIMEOUT_MS = 2_000;

type JoinedGroup = Pick<ConsumerGroupJoinEvent['payload'], 'memberId' | 'isLeader' | 'memberAssignment'>;

export interface GroupMemberOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly maxBytesPerPartition: number;
  readonly logger: Logger;
  /** Takes what was fetched of one partition. The next fetch begins when each partition's has returned. */
  readonly onBatch: (payload: EachBatchPayload) => void;
  /** No partition is ours any more; those of the next assignment come afterwards. */
  readonly onUnassigned: () => void;
}

/**
 * This replica in the consumer group, by one kafkajs consumer after the other: one that crashes is replaced here, so that
 * there is one place that restarts, waits and tells why.
 */
export class GroupMember {
  /** Why nothing can be read now. */
  problem: string | undefined = 'not yet connected to Kafka';
  /** Partitions that this replica reads now. */
  assigned: ReadonlySet<number> = new Set();
  private readonly positions = new ReadPositions();
  private readonly epochs = new LeaderEpochs();
  /** Reads no more: what still comes in is not taken, and a crash is not followed by another consumer. */
  draining = false;
  private joined: { readonly memberId: string; readonly isLeader: boolean } | undefined;
  private consumer: Consumer | undefined;
  private loop: Promise<void> | undefined;
  /** Of a clock that nobody sets, as all of its kind here. */
  private lastSignMs = performance.now();
  private readonly stopping = new AbortController();
  private readonly pacer = new Pacer();

  constructor(private readonly options: GroupMemberOptions) {
    keepMemberId();
  }

  /** Connected, yet reading nothing: after a crash, members that are gone hold the group until their session ends. */
  get waiting(): string | undefined {
    return this.problem === undefined && this.joined === undefined
      ? `waiting to join the group ${this.options.group}`
      : undefined;
  }

  /** Time since the last sign of life: a fetch, a heartbeat, a crash, a batch that is done. */
  get silentMs(): number {
    return performance.now() - this.lastSignMs;
  }

  /** Whether from a committed offset to the end of a partition there is nothing but what kafkajs passes over. */
  readonly isReadTo = (partition: number, committed: bigint, end: bigint): boolean =>
    this.positions.isReadTo(partition, committed, end);

  /** As its consumer believes: the group may have expelled it. */
  get membership(): Membership {
    const { memberId, isLeader = false } = this.joined ?? {};
    return { memberId, isLeader, replace: this.replace };
  }

  readonly sign = (): void => {
    this.lastSignMs = performance.now();
  };

  /** Gives up the consumer for another one, which begins where the last commit was. */
  replace: (error: unknown) => void = () => undefined;

  start(): void {
    this.loop ??= this.run();
  }

  /** Reads no more, yet stays in the group, so that what is under way can still be committed. */
  drain(): void {
    this.draining = true;
    // Not kafkajs's own `stop()` yet: once that is called, it drops commits without a word.
    if (this.joined) this.pauseAll();
  }

  async leave(): Promise<void> {
    this.stopping.abort();
    const left = Promise.all([this.joined ? this.consumer?.stop() : undefined, this.loop]);
    // A join under way waits for members that are gone, longer than a drain may take, and kafkajs waits for its answer
    // even to disconnect. By now nothing is left to lose: the end of the process ends it.
    await Promise.race([left, sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  private pauseAll(): void {
    try {
      this.consumer?.pause([{ topic: this.options.topic }]);
    } catch (error) {
      // It has crashed and has not said so yet: then it reads nothing either, and what is under way can still end.
      this.options.logger.debug({ error: errorText(error) }, 'pause');
    }
  }

  /** Stops the reading of one partition, until it is resumed or this consumer is replaced. */
  pausePartition(partition: number): void {
    this.consumer?.pause([{ topic: this.options.topic, partitions: [partition] }]);
  }

  resumePartition(partition: number): void {
    try {
      this.consumer?.resume([{ topic: this.options.topic, partitions: [partition] }]);
    } catch (error) {
      // Another consumer has taken its place and does not read yet: it begins without pauses.
      this.options.logger.debug({ error: errorText(error) }, 'resume');
    }
  }

  private async run(): Promise<void> {
    for (let attempt = 0; !this.draining; attempt += 1) {
      const startedMs = performance.now();
      try {
        await this.consumeUntilCrash();
      } catch (error) {
        this.problem = `Kafka consumer: ${errorText(error)}`;
        if (!this.draining) {
          this.options.logger.warn({ reason: this.problem, attempt }, 'consumer ended, starting another');
        }
      }
      this.sign();
      if (performance.now() - startedMs > this.options.sessionTimeoutMs) attempt = 0;
      const delayMs = jitteredDelayMs(attempt, RESTART);
      await sleep(delayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async consumeUntilCrash(): Promise<void> {
    const { topic, maxWaitMs, maxBytesPerPartition, sessionTimeoutMs, group } = this.options;
    // Joining can wait for members that are gone; whether the group and the topic may be read is known at once.
    await fetchCommittedOffsets(this.options.kafka, group, topic);
    const consumer = this.options.kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: maxWaitMs,
      minBytes: 1,
      maxBytesPerPartition,
      partitionAssigners: [this.assigner()],
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 1_500, retries: 6, restartOnFailure: async () => false },
    });
    const crash = this.observe(consumer);
    this.consumer = consumer;
    try {
      await consumer.connect();
      // The default is "latest", which skips what was written before the group first came.
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      this.problem = undefined;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.options.partitions,
        eachBatch: async (payload) => {
          this.sign();
          this.pacer.note(payload.batch.messages.length);
          this.take(payload);
          await this.pacer.wait();
        },
      });
      if (this.stopping.signal.aborted) await consumer.stop();
      else await Promise.race([crash, this.stopped()]);
    } finally {
      this.unassign();
      await consumer
        .disconnect()
        .catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
    }
  }

  private take(payload: EachBatchPayload): void {
    const { partition } = payload.batch;
    const records = asFetched(payload.batch);
    // While it drains nothing is taken, and what is under way can still be committed.
    if (!this.draining && this.epochs.isBroken(partition, records)) {
      // A commit of them would hide what the log may have lost. Joining again compares what was committed with the topic.
      const why = new Error(`partition ${partition} has records of another leader epoch: the broker has started again`);
      return this.replace(why);
    }
    this.epochs.read(partition, records);
    this.positions.handedOver(partition, payload.batch.lastOffset());
    this.options.onBatch(payload);
  }

  /** Notes assignments, signs of life and the crash of a consumer; the promise rejects when it has to be replaced. */
  private observe(consumer: Consumer): Promise<never> {
    const { FETCH_START, FETCH, HEARTBEAT, CONNECT, REBALANCING, GROUP_JOIN, CRASH, END_BATCH_PROCESS } =
      consumer.events;
    consumer.on(FETCH_START, this.pacer.fetchStarted);
    for (const event of [FETCH, HEARTBEAT, CONNECT, REBALANCING] as const) consumer.on(event, this.sign);
    consumer.on(GROUP_JOIN, ({ payload }) => {
      this.sign();
      this.assign(payload);
    });
    consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) this.positions.passedOver(payload.partition, payload.lastOffset);
    });
    const crash = new Promise<never>((_, reject) => {
      this.replace = reject;
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
    });
    // A crash during run() is awaited only afterwards; until then nobody listens.
    crash.catch(() => undefined);
    return crash;
  }

  private assign({ memberId, isLeader, memberAssignment }: JoinedGroup): void {
    const partitions = memberAssignment[this.options.topic] ?? [];
    this.unassign();
    this.joined = { memberId, isLeader };
    this.assigned = new Set(partitions);
    this.options.logger.info({ partitions }, 'joined the group');
  }

  private assigner(): PartitionAssigner {
    const { topic, partitions, sessionTimeoutMs, logger } = this.options;
    return completeAssigner({ topic, partitions, patienceMs: sessionTimeoutMs / 3, logger });
  }

  private unassign(): void {
    this.joined = undefined;
    this.assigned = new Set();
    this.positions.clear();
    this.epochs.clear();
    this.options.onUnassigned();
  }

  private stopped(): Promise<void> {
    return new Promise((resolve) => this.stopping.signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
