/** Defects that the oracle must notice: each is what a careless change could make of the product. */
import type { Service, Variant } from '../../rig/variants';

export interface Mutation extends Variant {
  readonly service: Service;
}

const DEAD_LETTERS = 'services/processor/dead-letters.ts';
const GROUP_MEMBER = 'services/processor/group-member.ts';
const PROCESS_BATCH = 'services/processor/process-batch.ts';
const PRODUCE = 'services/producer/produce.ts';
const PUBLISHER = 'services/producer/publisher.ts';
const REQUEST = 'services/producer/request.ts';
const LAST_PRICES = 'services/processor/last-prices.ts';
const PIPELINE = 'services/processor/pipeline.ts';
const RECORD = 'services/processor/record.ts';
const STORE = 'services/processor/store.ts';

/** Answers before the broker has anything; kafkajs then gives no result, and refuses the setting with idempotence. */
export const ACKS_0: Mutation = {
  name: 'acks-0',
  service: 'producer',
  patches: [
    { file: PUBLISHER, search: 'const ALL_REPLICAS = -1;', replace: 'const ALL_REPLICAS = 0;' },
    { file: PUBLISHER, search: 'idempotent: true,', replace: 'idempotent: false,' },
    { file: PUBLISHER, search: '      assertAcknowledged(result, new Set(', replace: '      void (result, new Set(' },
  ],
};

/**
 * After a failed send the sequence numbers were rolled back: when the batch has arrived after all, the broker takes the
 * next one for its repetition, and acknowledges it without keeping it.
 */
export const KEPT_PRODUCER: Mutation = {
  name: 'kept-producer',
  service: 'producer',
  patches: [
    {
      file: PUBLISHER,
      search: '      await this.discard();\n      if (!this.stopping.signal.aborted) this.start();\n',
      replace: '',
    },
  ],
};

export const COMMIT_BEFORE_WRITE: Mutation = {
  name: 'commit-before-write',
  service: 'processor',
  patches: [
    {
      file: PIPELINE,
      search: 'await Promise.all([safe, before.done]);',
      replace: 'void safe.catch(() => undefined);',
    },
  ],
};

export const RANDOM_ID: Mutation = {
  name: 'random-id',
  service: 'processor',
  patches: [{ file: RECORD, search: '_id: event.event_id,', replace: '_id: globalThis.crypto.randomUUID(),' }],
};

/** Nothing is stored, and every event is said to be in conflict with another. */
export const EVERYTHING_IN_CONFLICT: Mutation = {
  name: 'everything-in-conflict',
  service: 'processor',
  patches: [
    {
      file: STORE,
      search: '  // crash-point: before-write\n',
      replace: `  if (documents.length > 0)
    return {
      inserted: 0,
      repeated: [],
      refused: documents.map((document) => ({ document, reason: 'id-conflict' as const, detail: '' })),
    };
`,
    },
  ],
};

export const SWALLOWED_CONFLICT: Mutation = {
  name: 'swallowed-conflict',
  service: 'processor',
  patches: [
    {
      file: STORE,
      search: "refused.push({ document, reason: 'id-conflict', detail: conflict(document._id) });",
      replace: 'void conflict;',
    },
  ],
};

/** Each of these is one line of the product that is another one. */
const oneLine = (service: Service, name: string, file: string, search: string, replace: string): Mutation => ({
  name,
  service,
  patches: [{ file, search, replace }],
});

export const UNKNOWN_CALLED_ACCEPTED = oneLine(
  'producer',
  'unknown-called-accepted',
  PRODUCE,
  'if (problem !== undefined) throw withEvent(problem, event);',
  'void [problem, withEvent];',
);

export const SEND_NOT_AWAITED = oneLine(
  'producer',
  'send-not-awaited',
  PRODUCE,
  'await deps.deadlines.race(deps.publish(events));',
  'void deps.deadlines.race(deps.publish(events)).catch(() => undefined);',
);

export const FIRST_OF_ARRAY_DROPPED = oneLine(
  'producer',
  'first-of-array-dropped',
  PRODUCE,
  'await publish(events, deps);\n  const final',
  'await publish(events.slice(1), deps);\n  const final',
);

export const ID_OF_CLIENT_IGNORED = oneLine(
  'producer',
  'id-of-client-ignored',
  REQUEST,
  'body.event_id ?? this.options.nextId()',
  'this.options.nextId()',
);

export const POISON_DROPPED = oneLine(
  'processor',
  'poison-dropped',
  PROCESS_BATCH,
  'const deadLetters = [...letters, ...refused];',
  'const deadLetters = refused;',
);

export const LETTERS_NOT_AWAITED = oneLine(
  'processor',
  'letters-not-awaited',
  PROCESS_BATCH,
  'await deps.deadLetter(deadLetters);',
  'void deps.deadLetter(deadLetters).catch(() => undefined);',
);

export const LETTERS_GIVEN_UP = oneLine(
  'processor',
  'letters-given-up',
  DEAD_LETTERS,
  'this.last = sent;\n    return sent;',
  'this.last = sent;\n    return Promise.race([sent, new Promise<void>((resolve) => setTimeout(resolve, 1_000))]);',
);

export const CRASH_WITHOUT_LETTERS = oneLine(
  'processor',
  'crash-without-letters',
  DEAD_LETTERS,
  "this.options.logger.warn({ reason: this.problem, attempt }, 'dead letters not sent, repeating');",
  'process.exit(3);',
);

export const WRONG_PLACE = oneLine(
  'processor',
  'wrong-place',
  DEAD_LETTERS,
  "'metals-source-offset': record.offset,",
  "'metals-source-offset': String(Number(record.offset) + 1),",
);

export const WRONG_REASON = oneLine(
  'processor',
  'wrong-reason',
  DEAD_LETTERS,
  "'metals-reason': reason,",
  "'metals-reason': reason === 'id-conflict' ? 'invalid-event' : reason,",
);

export const ORDERED_INSERT = oneLine(
  'processor',
  'ordered-insert',
  STORE,
  'documents, { ordered: false }',
  'documents, { ordered: true }',
);

export const FAILED_INSERT_IS_DONE = oneLine(
  'processor',
  'failed-insert-is-done',
  STORE,
  'if (failures === undefined) throw error;',
  'if (failures === undefined) return { inserted: documents.length, repeated: [], refused: [] };',
);

export const ROUNDED_PRICE = oneLine(
  'processor',
  'rounded-price',
  RECORD,
  'price: event.price,',
  'price: Math.round(event.price),',
);

export const COMMIT_OVER_A_GAP = oneLine(
  'processor',
  'commit-over-a-gap',
  PIPELINE,
  'await Promise.all([safe, before.done]);',
  'void before.done.catch(() => undefined), await safe;',
);

export const LAST_PRICES_FORGOTTEN = oneLine(
  'processor',
  'last-prices-forgotten',
  LAST_PRICES,
  'encode(): string {\n    const last = [...this.byKey]',
  'encode(): string {\n    const last = [...new Map<string, LastPrice>()]',
);

export const FROM_THE_END = oneLine(
  'processor',
  'from-the-end',
  GROUP_MEMBER,
  'fromBeginning: true',
  'fromBeginning: false',
);

export const LEADER_EPOCH_IGNORED = oneLine(
  'processor',
  'leader-epoch-ignored',
  'services/processor/group-member.ts',
  'if (!this.draining && this.epochs.isBroken(partition, records)) {',
  'if (this.draining && this.epochs.isBroken(partition, records)) {',
);

/** As kafkajs is without the guard: set back, the clock silences a member, and the group expels it. */
export const HEARTBEAT_UNGUARDED = oneLine(
  'processor',
  'heartbeat-unguarded',
  'services/common/kafka-heartbeat-guard.ts',
  'if (this.lastRequest > Date.now()) this.lastRequest = 0;',
  '',
);

/** As by a leader that has joined on metadata without the topic. */
export const NOTHING_ASSIGNED = oneLine(
  'processor',
  'nothing-assigned',
  'services/processor/complete-assigner.ts',
  'return roundRobin.assign(group);',
  'return roundRobin.assign({ ...group, topics: [] });',
);
