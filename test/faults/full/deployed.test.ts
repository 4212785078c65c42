/** Faults of every kind with the time-outs of the deployment, and restarts as the Swarm makes them: none is due to the services. */
import { randomInt } from 'node:crypto';
import type { Rig } from '../../rig/rig';
import { DEPLOYED, Fleet } from '../support/fleet';
import { Inflictor } from '../support/inflict';
import { Keeper } from '../support/keeper';
import { violations } from '../support/oracle';
import { planFaults } from '../support/schedule';
import { startFaultRig, tell, underLoad } from '../support/trial';
import { wholeNumber } from '../support/whole-number';

const COUNT = wholeNumber('METALS_FAULTS', 24, 1);
const SEED = wholeNumber('METALS_FAULT_SEED', randomInt(1, 1_000_000), 0);
const SECONDS_PER_FAULT = 25;

jest.setTimeout((COUNT * SECONDS_PER_FAULT + 900) * 1_000);

let rig: Rig;
let fleet: Fleet;
let keeper: Keeper;
let inflictor: Inflictor;
beforeAll(async () => {
  rig = await startFaultRig('deployed');
  fleet = new Fleet(rig, DEPLOYED, { clock: true });
  await Promise.all((['producer', 'producer', 'processor', 'processor'] as const).map((service) => fleet.add(service)));
  inflictor = new Inflictor(rig, fleet);
  keeper = new Keeper(
    () => [rig.kafka, rig.mongodb, ...fleet.all],
    (task) => inflictor.isBusy(task),
  );
});
afterAll(async () => {
  await keeper?.stop();
  await rig?.stop();
});

test(`${COUNT} faults of the seed ${SEED}: 0 lost, 0 doubled, and no restart but those of the faults`, async () => {
  tell(`to replay: METALS_FAULTS=${COUNT} METALS_FAULT_SEED=${SEED} npm run test:faults -- --full deployed`);
  const load = { run: `deployed-${SEED}`, ratePerSecond: 100, mostDrainSeconds: 240 };
  const verdict = await underLoad(rig, fleet, load, () => inflictor.inflict(planFaults(COUNT, SEED)));
  expect(violations(verdict)).toEqual([]);
  expect(verdict.vitals.failures).toEqual([]);
  expect(keeper.restarts).toEqual([]);
});
