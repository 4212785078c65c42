/**
 * Sessions with Kafka that end every few seconds: every connection has to log in again amid its work. kafkajs does so 10 s
 * before the end; where a session is shorter than that, each request is a login, and the broker refuses those that meet.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import { Fleet } from '../support/fleet';
import { violations } from '../support/oracle';
import { startFaultRig, underLoad } from '../support/trial';

jest.setTimeout(240_000);

const SESSION_MS = 13_000;
const RATE_PER_SECOND = 150;
const WORK_MS = 40_000;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('reauthentication', {
    kafka: { properties: { 'connections.max.reauth.ms': String(SESSION_MS) } },
  });
  fleet = new Fleet(rig);
  await Promise.all([fleet.add('producer'), fleet.add('processor'), fleet.add('processor')]);
});
afterAll(() => rig?.stop());

test(`sessions of ${SESSION_MS} ms: 0 lost, 0 doubled, and nothing is behind`, async () => {
  const load = { run: 'reauthentication', ratePerSecond: RATE_PER_SECOND, mostDrainSeconds: 30 };
  const verdict = await underLoad(rig, fleet, load, () => sleep(WORK_MS));
  expect(violations(verdict)).toEqual([]);
  expect(verdict.vitals.failures).toEqual([]);
  expect(verdict.unknown).toBeLessThan(verdict.sent / 100);
});
