/** Processors come, go and crash while others work: each change takes partitions from some and gives them to others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../services/producer/walk';
import type { Rig } from '../rig/rig';
import { Fleet } from './support/fleet';
import { violations } from './support/oracle';
import { startFaultRig, tell, underLoad } from './support/trial';

jest.setTimeout(240_000);

const RATE_PER_SECOND = 150;
const MOST = 5;
const CHANGES = [
  'stop',
  'start',
  'crash',
  'start',
  'crash',
  'start',
  'stop',
  'start',
  'stop',
  'start',
  'crash',
  'start',
];
const PAUSE_MS = 1_200;
const SEED = 20;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('rebalance');
  fleet = new Fleet(rig);
  await Promise.all([fleet.add('producer'), fleet.add('processor')]);
});
afterAll(() => rig?.stop());

test(`${MOST} processors starting, stopping and crashing, ${CHANGES.length} changes: 0 lost, 0 doubled`, async () => {
  const verdict = await underLoad(rig, fleet, { run: 'rebalance', ratePerSecond: RATE_PER_SECOND }, changeMembers);
  expect(violations(verdict)).toEqual([]);
  expect(verdict.acknowledged).toBeGreaterThan(0);
});

async function changeMembers(): Promise<void> {
  const random = seededRandom(SEED);
  for (let count = 1; count < MOST; count += 1) await fleet.add('processor', { wait: false });
  const leaving: Promise<void>[] = [];
  for (const change of CHANGES) {
    await sleep(PAUSE_MS);
    if (change === 'start') {
      await fleet.add('processor', { wait: false });
      continue;
    }
    const task = fleet.processors[Math.floor(random() * fleet.processors.length)];
    tell(`${change} ${task.container}`);
    fleet.forget(task);
    // Stopping takes a while, and what follows does not wait for it.
    if (change === 'crash') await task.kill();
    else leaving.push(task.stop());
  }
  await Promise.all(leaving);
}
