import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '../../rig/task';
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
    const before = await Promise.all(tasks.map(usedBy));
    await sleep(seconds * 1_000);
    const after = await Promise.all(tasks.map(usedBy));
    const percent = (ms: number): number => (ms / (seconds * 1_000)) * 100;
    const rows: Row[] = tasks.map((task, index) => ({
      what: task.container.slice(rig.network.length + 1),
      'process, % of a core': percent(after[index].processMs - before[index].processMs),
      'with health checks': percent(after[index].containerMs - before[index].containerMs),
      'resident MB': after[index].memoryBytes / 1_048_576,
    }));
    suite.table(`idle for ${seconds} s`, rows);
  });
}

async function usedBy(task: Task): Promise<{ processMs: number; containerMs: number; memoryBytes: number }> {
  const { cpuMs, memoryBytes } = await task.stats();
  return { processMs: (await task.cpuSeconds()) * 1_000, containerMs: cpuMs, memoryBytes };
}
