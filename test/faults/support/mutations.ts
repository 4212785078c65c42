/** Defects that the oracle must notice: each is what a careless change could make of the product. */
import type { Service, Variant } from '../../rig/variants';

export interface Mutation extends Variant {
  readonly service: Service;
}

const PUBLISHER = 'services/producer/publisher.ts';
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
  patches: [{ file: STORE, search: 'if (!isSameEvent(document, present))', replace: 'if (!present)' }],
};
