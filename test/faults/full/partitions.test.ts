/** Partitions are added to the topic while it is written to and read. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import { Fleet } from '../support/fleet';
import { violations } from '../support/oracle';
import { TOPIC, withAdmin } from '../support/topics';
import { startFaultRig, underLoad } from '../support/trial';

jest.setTimeout(300_000);

const RATE_PER_SECOND = 150;
const WORK_MS = 4_000;
const PARTITIONS = 6;
const MORE_PARTITIONS = 9;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('partitions');
  fleet = new Fleet(rig);
  await Promise.all([fleet.add('producer'), fleet.add('processor'), fleet.add('processor')]);
});
afterAll(() => rig?.stop());

test(`${PARTITIONS} partitions become ${MORE_PARTITIONS} under load, then the services are told: 0 lost, 0 doubled`, async () => {
  const topic = { name: TOPIC, partitions: MORE_PARTITIONS };
  const verdict = await underLoad(rig, fleet, { run: 'more', ratePerSecond: RATE_PER_SECOND }, async () => {
    await sleep(WORK_MS);
    const topicPartitions = [{ topic: TOPIC, count: MORE_PARTITIONS }];
    await withAdmin(rig.kafkaClient(), (admin) => admin.createPartitions({ topicPartitions }));
    await sleep(WORK_MS);
    // Consumers first, as whoever adds partitions should: then producers, which send some metals there.
    for (const service of ['processor', 'producer'] as const) {
      for (const old of [...fleet.of(service)]) {
        const metals = { gold: { partition: 6 }, silver: { partition: 7 }, zinc: { partition: 8 } };
        await fleet.add(service, { config: service === 'producer' ? { topic, metals } : { topic }, wait: false });
        await sleep(WORK_MS);
        await fleet.retire(old);
      }
    }
    await sleep(2 * WORK_MS);
  });
  // A metal that has moved to another partition has no order between both: its changes are judged for each of them.
  expect(violations(verdict)).toEqual([]);
  expect(verdict.vitals.failures).toEqual([]);
});
