/** Each clause of the promise in docs/delivery.md is broken by one line of the product, and each time it is noticed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Service } from '../../rig/variants';
import { killAndStart, slowFor } from '../support/disturb';
import { Fleet } from '../support/fleet';
import { denyDeadLetters, sendForeign } from '../support/foreign';
import * as mutations from '../support/mutations';
import type { Mutation } from '../support/mutations';
import { violations } from '../support/oracle';
import { some } from '../support/some';
import { GROUP, withAdmin } from '../support/topics';
import { startFaultRig, underLoad, type Outcome, type TrialOptions } from '../support/trial';

jest.setTimeout(240_000);

const RATE_PER_SECOND = 200;
const WORK_MS = 1_500;
/** By then a mutation has committed what it should not have. */
const DENIED_MS = 5_000;
const POISON = '{"metal":';

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('further-mutations');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());
afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

/** `look` takes a sample of what is committed. */
type Fault = (look: () => Promise<void>) => Promise<void>;

async function tryOut(
  mutation: Mutation,
  fault: Fault,
  options: Partial<TrialOptions> = {},
  processorFirst = true,
): Promise<Outcome> {
  const variantOf = (service: Service) => (mutation.service === service ? mutation : undefined);
  const addProcessor = () => fleet.add('processor', { variant: variantOf('processor') });
  await fleet.add('producer', { variant: variantOf('producer') });
  if (processorFirst) await addProcessor();
  return underLoad(rig, fleet, { run: mutation.name, ratePerSecond: RATE_PER_SECOND, ...options }, async (_, look) => {
    await sleep(WORK_MS);
    await fault(look);
    if (!processorFirst) await addProcessor();
    await sleep(WORK_MS);
  });
}

/** Longer than the producer tries by itself: what it holds then never arrives, and clients hear of it, or should. */
async function loseBroker(): Promise<void> {
  await rig.kafka.kill();
  await sleep(30_000);
  await rig.kafka.start();
  await rig.kafka.ready(90);
}
/** Longer than an insert waits for a server (5 s). */
async function loseMongodb(): Promise<void> {
  await rig.mongodb.kill();
  await sleep(8_000);
  await rig.mongodb.start();
  await rig.mongodb.ready();
}
/** A repetition then shares its insert with others. */
const slowMongodb = (): Promise<void> => slowFor(rig.mongodb, 4_000);
const restartProcessor = (): Promise<void> => killAndStart(fleet.processors[0]);
const nothing = async (): Promise<void> => undefined;
/** Records that are no events, and no way to say so, while the load goes on behind them. */
async function poisonWithoutLetters(look: () => Promise<void>): Promise<void> {
  const giveBack = await denyDeadLetters(rig);
  await sleep(1_000);
  await poison();
  await sleep(DENIED_MS);
  await look();
  await giveBack();
}
async function poison(): Promise<void> {
  for (const partition of [0, 3]) await sendForeign(rig, partition, [{ key: null, value: POISON }]);
}
const foreign = new Map([[POISON, 'not-json']]);

interface Case {
  readonly mutation: Mutation;
  readonly clause: string;
  readonly fault?: Fault;
  readonly options?: Partial<TrialOptions>;
  readonly notices: readonly string[];
}

/** A client that repeats nothing hears what the producer says, and no more. */
const ONCE = { repeats: false, attemptTimeoutMs: 40_000 };
const CASES: readonly Case[] = [
  // Before the others, whose documents would have wrong changes, too.
  {
    mutation: mutations.LAST_PRICES_FORGOTTEN,
    clause: 'the same record gets the same change',
    fault: restartProcessor,
    notices: ['wrongChanges'],
  },
  {
    mutation: mutations.UNKNOWN_CALLED_ACCEPTED,
    clause: 'a 202 means a document',
    fault: loseBroker,
    options: ONCE,
    notices: ['lost'],
  },
  {
    mutation: mutations.SEND_NOT_AWAITED,
    clause: 'a 202 means a document, not before',
    fault: loseBroker,
    options: ONCE,
    notices: ['lost'],
  },
  { mutation: mutations.FIRST_OF_ARRAY_DROPPED, clause: 'a 202 within a 207', notices: ['lost'] },
  { mutation: mutations.ID_OF_CLIENT_IGNORED, clause: 'sending again is safe', notices: ['doubled'] },
  {
    mutation: mutations.FAILED_INSERT_IS_DONE,
    clause: 'under a restart of MongoDB',
    fault: loseMongodb,
    notices: ['lost'],
  },
  { mutation: mutations.ORDERED_INSERT, clause: 'exactly one document', fault: slowMongodb, notices: ['lost'] },
  { mutation: mutations.ROUNDED_PRICE, clause: 'the document is the event', notices: ['altered'] },
  { mutation: mutations.WRONG_REASON, clause: 'the reason id-conflict', notices: ['swallowed', 'wrongLetters'] },
  { mutation: mutations.WRONG_PLACE, clause: 'its place on the topic', notices: ['unaccounted', 'wrongLetters'] },
  {
    mutation: mutations.POISON_DROPPED,
    clause: 'every record is a document or a dead letter',
    fault: poison,
    options: { foreign },
    notices: ['unaccounted'],
  },
  {
    mutation: mutations.LETTERS_NOT_AWAITED,
    clause: 'what cannot be dead-lettered yet waits',
    fault: poisonWithoutLetters,
    options: { foreign },
    notices: ['early'],
  },
  {
    mutation: mutations.LETTERS_GIVEN_UP,
    clause: 'nothing is skipped',
    fault: poisonWithoutLetters,
    options: { foreign },
    notices: ['early'],
  },
  {
    mutation: mutations.COMMIT_OVER_A_GAP,
    clause: 'with its partition',
    fault: poisonWithoutLetters,
    // The letter that arrives at last may take the committed offset back, for ever.
    options: { foreign, settleSeconds: 40 },
    notices: ['early'],
  },
];

test.each(CASES)('$clause: $mutation.name is noticed', async ({ mutation, fault, options, notices }) => {
  const found = violations(await tryOut(mutation, fault ?? nothing, options));
  expect(found).toEqual(expect.arrayContaining(notices.map(some)));
});

test('nothing crashes: crash-without-letters is noticed', async () => {
  const dies = async (): Promise<void> => {
    const giveBack = await denyDeadLetters(rig);
    await sleep(1_000);
    await poison();
    const [processor] = fleet.processors;
    await processor.exited(60);
    await sleep(2_000);
    await giveBack();
    await processor.start();
  };
  const { vitals } = await tryOut(mutations.CRASH_WITHOUT_LETTERS, dies, { foreign });
  expect(vitals.failures).toEqual([expect.stringMatching(/processor-\d+ ended with 3$/)]);
});

test('what was written before the group first came is read: from-the-end is noticed', async () => {
  await withAdmin(rig.kafkaClient(), (admin) => admin.deleteGroups([GROUP]));
  const found = violations(await tryOut(mutations.FROM_THE_END, nothing, {}, false));
  expect(found).toEqual(expect.arrayContaining([some('lost'), some('unaccounted')]));
});
