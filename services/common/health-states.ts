/**
 * The states in which a service needs somebody. /health lists those that hold, each with the next step, and
 * metals_<service>_health_state is 1 for them. docs/delivery.md has the same table; a test compares the two.
 */
export type ServiceName = 'producer' | 'processor';

export interface StateRule {
  readonly services: readonly ServiceName[];
  /** When it holds, with its threshold. */
  readonly means: string;
  /** What to do. `npm` is meant for the repository's folder, `docker service` for a manager. */
  readonly next: string;
}

/** Kept after what shows a state that a moment later has passed, so that somebody sees it. */
export const SHOWN_FOR_MS = 60_000;
/** Clocks further apart than this are skewed, whatever the answer's way has taken. */
export const MAX_CLOCK_SKEW_MS = 10_000;
/** A partition whose records are not committed for so long is stuck. */
export const STUCK_AFTER_MS = 8_000;
/** Of MongoDB's file system. */
export const DISK_FULL_RATIO = 0.95;

const BOTH = ['producer', 'processor'] as const;
const PROCESSOR = ['processor'] as const;
const PRODUCER = ['producer'] as const;

export const STATES = {
  'kafka-unusable': {
    services: BOTH,
    means: 'Kafka cannot be reached, or refuses the login',
    next: './bin/metals status, then ./bin/metals logs kafka (an external one: docs/growing.md): a broker that stops for a full disk says so there',
  },
  'topic-unusable': {
    services: BOTH,
    means: 'a topic is missing, may not be used, or has other partitions than topic.partitions says',
    next: './bin/metals deploy: it makes missing topics and rights; partitions it only adds, as topic.partitions says',
  },
  'kafka-disk-full': {
    services: BOTH,
    means: 'the broker answers with KAFKA_STORAGE_ERROR, just before it stops',
    next: 'enlarge dataVolumeGiB and deploy: the volume grows in place, and nothing acknowledged is lost',
  },
  'replica-behind': {
    services: PROCESSOR,
    means: 'a broker is away or catches up: it lacks records that the others have',
    next: 'none: it catches up by itself; if it stays, ./bin/metals status, then docker service ps metals_kafka-2 (or -3)',
  },
  'quorum-incomplete': {
    services: PROCESSOR,
    means: "a broker has no vote in Kafka's quorum, or does not follow its leader: one more that ends may stop Kafka",
    next: 'none while a broker is away or starts; if it stays, ./bin/metals logs kafka-2 (or kafka-3, or kafka)',
  },
  'mongodb-unusable': {
    services: PROCESSOR,
    means: 'MongoDB cannot be reached, refuses the login, or does not take a write',
    next: './bin/metals status, then ./bin/metals logs mongodb (an external one: docs/growing.md); events wait on the topic meanwhile',
  },
  'mongodb-disk-full': {
    services: PROCESSOR,
    means: `MongoDB's file system is used to ${DISK_FULL_RATIO * 100} %, or a write failed for want of space`,
    next: 'enlarge dataVolumeGiB, or set priceRetentionDays, and deploy; events wait on the topic meanwhile',
  },
  'group-joining': {
    services: PROCESSOR,
    means: 'this replica is connected and waits to join the consumer group',
    next: 'wait for the session time-out of replicas that were killed (consumer.session_timeout_ms)',
  },
  'group-expelled': {
    services: PROCESSOR,
    means: 'the consumer group does not know this replica, which believes that it has joined',
    next: 'wait 10 s: it joins again by itself; if it comes back, compare clocks and look at this replica’s CPU limit',
  },
  'partition-without-owner': {
    services: PROCESSOR,
    means: 'the consumer group has agreed, and no replica reads this partition',
    next: 'wait 10 s: the leader assigns again; if it stays, restart the processor: docker service update --force metals_processor',
  },
  'partition-stuck': {
    services: PROCESSOR,
    means: `records wait on a partition of this replica, and none has been committed for ${STUCK_AFTER_MS / 1_000} s`,
    next: 'remove the cause that the other reasons name; if there is none, ./bin/metals logs processor',
  },
  'topic-truncated': {
    services: PROCESSOR,
    means: 'the topic has lost records that the group has committed, as after a power cut or when it was made anew',
    next:
      'scale the producer to 0, set consumer.on_offset_out_of_range to earliest and deploy: ' +
      'all that is there is read again, and stored once',
  },
  'offset-gone': {
    services: PROCESSOR,
    means: 'the committed offset is gone from the topic: records that nobody had read are lost to retention',
    next: 'to go on from the earliest that is there, set consumer.on_offset_out_of_range to earliest and deploy',
  },
  'clock-skewed': {
    services: BOTH,
    means: `this node's clock and that of Kafka or MongoDB are more than ${MAX_CLOCK_SKEW_MS / 1_000} s apart`,
    next: 'chronyc tracking on the nodes of both, then systemctl restart chronyd where it is off',
  },
  'poison-record': {
    services: PROCESSOR,
    means: `a record was dead-lettered unread in the last ${SHOWN_FOR_MS / 1_000} s, as too large or too dear to read`,
    next: './bin/metals dlq list --since 1h, then find out who sends it and rotate the producer login',
  },
  'unique-index': {
    services: PROCESSOR,
    means: `a unique index besides _id has refused an event in the last ${SHOWN_FOR_MS / 1_000} s; it is a dead letter`,
    next: 'drop the index, then ./bin/metals dlq replay --reason write-refused',
  },
  'dead-letters-refused': {
    services: PROCESSOR,
    means: 'dead letters cannot be sent, so the partitions that hold them wait',
    next: './bin/metals status; a missing topic or right comes back with the next deployment',
  },
  'commits-refused': {
    services: PROCESSOR,
    means: 'offsets cannot be committed; what is stored is stored once, however often it is read',
    next: 'none: it repeats by itself; if it stays, ./bin/metals logs processor',
  },
  'consumer-silent': {
    services: PROCESSOR,
    means: 'the consumer has given no sign for stuck_after_seconds',
    next: 'none: Swarm restarts this replica, for nothing else can help',
  },
  lagging: {
    services: PROCESSOR,
    means: 'more records wait than lag_degraded_records',
    next: 'add replicas of the processor (up to one for each partition), or wait if the number falls',
  },
  'send-stuck': {
    services: PRODUCER,
    means: 'a send to Kafka is under way for stuck_after_seconds',
    next: 'none: Swarm restarts this replica, for nothing else can help',
  },
  'queue-full': {
    services: PRODUCER,
    means: 'the queue is full, or was within the last 10 s, so clients were answered 503',
    next: 'add replicas of the producer, or send less',
  },
  'feed-failing': {
    services: PRODUCER,
    means: 'the feed of prices fails',
    next: 'correct the source of prices, or feed.url and deploy',
  },
} as const satisfies Record<string, StateRule>;

export type StateCode = keyof typeof STATES;

/** Those that a service can be in, in the order of the table. */
export const statesOf = (service: ServiceName): StateCode[] =>
  (Object.entries(STATES) as [StateCode, StateRule][])
    .filter(([, { services }]) => services.includes(service))
    .map(([state]) => state);

/** A state that holds now, with what was measured. */
export interface Finding {
  readonly state: StateCode;
  readonly detail: string;
}

/** Without what is undefined: a state whose detail is undefined does not hold. */
export function findings(entries: readonly (readonly [StateCode, string | undefined])[]): Finding[] {
  return entries.flatMap(([state, detail]) => (detail === undefined ? [] : [{ state, detail }]));
}

const KAFKA_DISK = /KAFKA_STORAGE_ERROR|Disk error/i;
/** The second is SQLite's, which the lab's stand-in passes on. */
const MONGODB_DISK = /No space left on device|disk is full|OutOfDiskSpace|MongoDB 14031/i;

/** As kafka-watch.ts begins what it says of one topic alone. */
const OF_A_TOPIC = /^Kafka: topic /;

/** Why Kafka cannot be used: kafkajs puts error 56 as "Disk error when trying to access log file on the disk". */
export function kafkaState(problem: string): StateCode {
  if (KAFKA_DISK.test(problem)) return 'kafka-disk-full';
  return OF_A_TOPIC.test(problem) ? 'topic-unusable' : 'kafka-unusable';
}

/** Why MongoDB cannot be used; 14031 is its OutOfDiskSpace. */
export const mongoState = (problem: string): StateCode =>
  MONGODB_DISK.test(problem) ? 'mongodb-disk-full' : 'mongodb-unusable';

/** What /health says of a state. */
export const reasonOf = ({ state, detail }: Finding): string => `${detail}; next: ${STATES[state].next}`;
