/** Each clause of the promise in docs/delivery.md is broken by one line of the product, and each time it is noticed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Service } from '../../rig/variants';
import { killAndStart, killAndStartStore } from '../support/disturb';
import { Fleet } from '../support/fleet';
import { denyDeadLetters, sendForeign } from '../support/foreign';
import * as mutations from '../support/mutations';
import type { Mutation } from '../support/mutations';
import { violations } from '../support/oracle';
import { GROUP, withAdmin } from '../support/topics';
import { startFaultRig, underLoad, type Outcome, type TrialOptions } from '../support/trial';

jest.setTimeout(240_000);

const RATE_PER_SECOND = 200;
const WORK_MS = 1_500;
const OUTAGE_MS = 1_500;
/** Some looks at what is committed. */
const DENIED_MS = 8_000;
const POISON = '{"metal":';

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('further-mutations');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());
afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

async function tryOut(
  mutation: Mutation,
  fault: () => Promise<void>,
  options: Partial<TrialOptions> = {},
  processorFirst = true,
): Promise<Outcome> {
  const variantOf = (service: Service) => (mutation.service === service ? mutation : undefined);
  const addProcessor = () => fleet.add('processor', { variant: variantOf('processor') });
  await fleet.add('producer', { variant: variantOf('producer') });
  if (processorFirst) await addProcessor();
  return underLoad(rig, fleet, { run: mutation.name, ratePerSecond: RATE_PER_SECOND, ...options }, async () => {
    await sleep(WORK_MS);
    await fault();
    if (!processorFirst) await addProcessor();
    await sleep(WORK_MS);
  });
}

/** What is on its way to the broker never arrives, and is not sent again: clients hear of it, or should. */
async function loseBroker(): Promise<void> {
  const restore = await rig.kafka.cut();
  await sleep(OUTAGE_MS);
  await rig.kafka.kill();
  // Longer than the producer tries: what it still holds then is lost with the answer that says so.
  await sleep(10_000);
  await restore();
  await rig.kafka.start();
  await rig.kafka.ready(90);
}
const loseMongodb = (): Promise<void> => killAndStartStore(rig.mongodb);
const restartProcessor = (): Promise<void> => killAndStart(fleet.processors[0]);
const nothing = async (): Promise<void> => undefined;
/** Records that are no events, and no way to say so, while the load goes on behind them. */
async function poisonWithoutLetters(): Promise<void> {
  const giveBack = await denyDeadLetters(rig);
  await sleep(1_000);
  await poison();
  await sleep(DENIED_MS);
  await giveBack();
}
async function poison(): Promise<void> {
  for (const partition of [0, 3]) await sendForeign(rig, partition, [{ key: null, value: POISON }]);
}
const foreign = new Map([[POISON, 'not-json']]);

const some = (kind: string): unknown => expect.stringMatching(new RegExp(`^\\d+ ${kind}: `));

interface Case {
  readonly mutation: Mutation;
  readonly clause: string;
  readonly fault?: () => Promise<void>;
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
  { mutation: mutations.ORDERED_INSERT, clause: 'exactly one document', notices: ['lost'] },
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
    options: { foreign },
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
