/** A store whose disk is full: what was accepted is there once there is room, and nothing passes for stored that is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureToolbox } from '../../rig/images';
import type { Rig } from '../../rig/rig';
import { waitUntil } from '../../rig/wait';
import { Fleet } from '../support/fleet';
import { Keeper } from '../support/keeper';
import { violations } from '../support/oracle';
import { SmallDisk } from '../support/small-disk';
import { startFaultRig, tell, underLoad } from '../support/trial';

jest.setTimeout(420_000);

const RATE_PER_SECOND = 100;
const WORK_MS = 3_000;
const FULL_MS = 20_000;
const progress = { report: tell, signal: new AbortController().signal };

const STORES = [
  // Indexes of Kafka's segments are 10 MB each, in files with holes.
  { component: 'kafka', volume: 'kafka-data-kraft', user: '1000:1000', megabytes: 400 },
  { component: 'mongodb', volume: 'mongodb-data', user: '999:999', megabytes: 64 },
] as const;

describe.each(STORES)('$component', ({ component, volume, user, megabytes }) => {
  let disk: SmallDisk;
  let rig: Rig;
  let fleet: Fleet;
  let keeper: Keeper;
  beforeAll(async () => {
    disk = await SmallDisk.make(`metals-full-${component}`, await ensureToolbox(progress), megabytes, user);
    rig = await startFaultRig('full-disk', { [component]: { volumes: { [volume]: disk.volume } } });
    fleet = new Fleet(rig);
    await Promise.all([fleet.add('producer'), fleet.add('processor')]);
    keeper = new Keeper(() => [rig.kafka, rig.mongodb]);
  });
  afterAll(async () => {
    await keeper?.stop();
    await rig?.stop();
    await disk?.remove();
  });

  test('full for a while under load: 0 lost, 0 doubled, no dead letter for it', async () => {
    const load = { run: `full-${component}`, ratePerSecond: RATE_PER_SECOND };
    const verdict = await underLoad(rig, fleet, load, async () => {
      await sleep(WORK_MS);
      await disk.fill();
      if (component === 'mongodb') {
        await waitUntil({ what: 'the health to say so', timeoutSeconds: 15, report: tell }, async () => {
          const { status, states, reasons } = await fleet.processors[0].health();
          return states.includes('mongodb-disk-full') ? undefined : `${status}: ${reasons.join('; ')}`;
        });
      }
      await sleep(FULL_MS);
      await disk.free();
      for (const store of [rig.kafka, rig.mongodb]) {
        // Between two of the keeper's restarts it does not run at all.
        await waitUntil({ what: `${store.container} again`, timeoutSeconds: 180, report: tell }, () =>
          store.ready(60).then(() => undefined),
        );
      }
      await sleep(WORK_MS);
    });
    tell(`restarts: ${keeper.restarts.join(', ') || 'none'}`);
    expect(violations(verdict)).toEqual([]);
    expect(verdict.acknowledged).toBeGreaterThan(0);
  });
});
