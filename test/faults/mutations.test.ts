/** The oracle is worth what it notices: each defect is built into the product, and must show in its verdict. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../rig/rig';
import type { Service } from '../rig/variants';
import { Fleet } from './support/fleet';
import {
  ACKS_0,
  COMMIT_BEFORE_WRITE,
  EVERYTHING_IN_CONFLICT,
  RANDOM_ID,
  SWALLOWED_CONFLICT,
  type Mutation,
} from './support/mutations';
import { violations } from './support/oracle';
import { some } from './support/some';
import { startFaultRig, underLoad } from './support/trial';

jest.setTimeout(180_000);

const RATE_PER_SECOND = 200;
const WORK_MS = 1_500;
const OUTAGE_MS = 1_500;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('mutations');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());
afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

/** Both services, one of them with the defect, under load and a fault. */
async function tryOut(mutation: Mutation, fault: () => Promise<void>): Promise<string[]> {
  const variantOf = (service: Service) => (mutation.service === service ? mutation : undefined);
  await Promise.all([
    fleet.add('producer', { variant: variantOf('producer') }),
    fleet.add('processor', { variant: variantOf('processor') }),
  ]);
  const load = { run: mutation.name, ratePerSecond: RATE_PER_SECOND };
  const verdict = await underLoad(rig, fleet, load, async () => {
    await sleep(WORK_MS);
    await fault();
    await sleep(WORK_MS);
  });
  return violations(verdict);
}

/** What is on its way to the broker when it is cut off never arrives: the broker dies before the way is free again. */
async function loseBroker(): Promise<void> {
  const restore = await rig.kafka.cut();
  await sleep(OUTAGE_MS);
  await rig.kafka.kill();
  await restore();
  await rig.kafka.start();
  await rig.kafka.ready(90);
}

/** The processor dies while it holds what MongoDB has not taken. */
async function loseProcessor(): Promise<void> {
  const [processor] = fleet.processors;
  await rig.mongodb.kill();
  await sleep(OUTAGE_MS);
  await processor.kill();
  await rig.mongodb.start();
  await rig.mongodb.ready();
  await processor.start();
}

const nothing = async (): Promise<void> => undefined;

test('acks=0 loses what was acknowledged when the broker dies', async () => {
  expect(await tryOut(ACKS_0, loseBroker)).toEqual(expect.arrayContaining([some('lost')]));
});

test('an offset that is committed before the write loses what the process held', async () => {
  const found = await tryOut(COMMIT_BEFORE_WRITE, loseProcessor);
  expect(found).toEqual(expect.arrayContaining([some('lost'), some('unaccounted')]));
});

test('a random _id stores a repeated event twice', async () => {
  expect(await tryOut(RANDOM_ID, nothing)).toEqual(expect.arrayContaining([some('doubled')]));
});

test('a duplicate key that is taken for a repetition swallows another event', async () => {
  const found = await tryOut(SWALLOWED_CONFLICT, nothing);
  // And the changes after it may be wrong: they refer to a price that is in no document.
  expect(found).toEqual(expect.arrayContaining([some('swallowed'), some('unaccounted')]));
});

test('dead letters for conflicts that are none do not pass for an answer', async () => {
  const found = await tryOut(EVERYTHING_IN_CONFLICT, nothing);
  expect(found).toEqual(expect.arrayContaining([some('lost'), some('wrongLetters')]));
});
