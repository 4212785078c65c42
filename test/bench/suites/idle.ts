import { setTimeout as sleep } from 'node:timers/promises';
import { withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';

const SETTLE_SECONDS = 10;

/** What a replica costs that has nothing to do. */
export async function idleSuite(suite: Suite): Promise<void> {
  const seconds = Math.max(10, Math.round(60 * suite.scale));
  await withRig(suite, async (rig) => {
    const producer = await rig.startService('producer', { config: { feed: { rate_per_second: 0 } } });
    const processor = await rig.startService('processor');
    await sleep(SETTLE_SECONDS * 1_000);
    const tasks = [producer, processor];
    const before = await Promise.all(tasks.map((task) => task.stats()));
    await sleep(seconds * 1_000);
    const after = await Promise.all(tasks.map((task) => task.stats()));
    const rows: Row[] = tasks.map((task, index) => ({
      what: task.container.slice(rig.network.length + 1),
      '% of a core': ((after[index].cpuMs - before[index].cpuMs) / (seconds * 1_000)) * 100,
      'resident MB': after[index].memoryBytes / 1_048_576,
    }));
    suite.table(`idle for ${seconds} s, health check not counted`, rows);
  });
}
