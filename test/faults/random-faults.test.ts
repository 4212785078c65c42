/**
 * Faults of the kinds in schedule.ts, one every few seconds and also at the same time, under load; with --full of every kind.
 * METALS_FAULTS says how many, METALS_FAULT_SEED replays a plan.
 */
import { randomInt } from 'node:crypto';
import type { Rig } from '../rig/rig';
import { Fleet, QUICK } from './support/fleet';
import { Inflictor } from './support/inflict';
import { violations } from './support/oracle';
import { FAULT_KINDS, planFaults, SHORT_KINDS } from './support/schedule';
import { SETTLE_SECONDS, startFaultRig, tell, underLoad } from './support/trial';
import { wholeNumber } from './support/whole-number';

const COUNT = wholeNumber('METALS_FAULTS', 12, 1);
const SEED = wholeNumber('METALS_FAULT_SEED', randomInt(1, 1_000_000), 0);
const FULL = process.env.METALS_FAULT_SUITES?.split(' ').includes('full') ?? false;
const KINDS = FULL ? FAULT_KINDS : SHORT_KINDS;
const RATE_PER_SECOND = 100;
const PRODUCERS = 2;
const PROCESSORS = 3;
/** A restart of Kafka takes most of it. */
const SECONDS_PER_FAULT = 15;

jest.setTimeout((COUNT * SECONDS_PER_FAULT + SETTLE_SECONDS + 120) * 1_000);

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('random-faults');
  fleet = new Fleet(rig, QUICK, { clock: FULL });
  await Promise.all([
    ...Array.from({ length: PRODUCERS }, () => fleet.add('producer')),
    ...Array.from({ length: PROCESSORS }, () => fleet.add('processor')),
  ]);
});
afterAll(() => rig?.stop());

test(`${COUNT} faults of the seed ${SEED}: 0 lost, 0 doubled`, async () => {
  tell(
    `${COUNT} faults; to replay: METALS_FAULTS=${COUNT} METALS_FAULT_SEED=${SEED} npm run test:faults --${FULL ? ' --full' : ''} random-faults`,
  );
  const load = { run: `seed-${SEED}`, ratePerSecond: RATE_PER_SECOND };
  const verdict = await underLoad(rig, fleet, load, () =>
    new Inflictor(rig, fleet).inflict(planFaults(COUNT, SEED, KINDS)),
  );
  expect(violations(verdict)).toEqual([]);
  expect(verdict.vitals.failures).toEqual([]);
  expect(verdict.samples).toBeGreaterThan(0);
  expect(verdict.acknowledged).toBeGreaterThan(0);
});
