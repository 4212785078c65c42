import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { ContainerStats } from '../../rig/stats';
import type { Task } from '../../rig/task';
import { readLogs } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { buildConnectorImage, startConnector } from '../contenders/connector';
import { startNaive } from '../contenders/run-naive';
import { drain } from '../support/drain';
import { withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';
import { startJob } from '../support/worker';
import { MEASURING } from '../worker/load';

const RATES = [1_000, 5_000];
const EVENTS_IN_REQUEST = 10;
/** A JVM has compiled most of what is hot by then. */
const FULL_WARM_UP_SECONDS = 60;
const FULL_SECONDS = 20;
const MB = 1_048_576;

interface Consumer {
  readonly task: Task;
  readonly stop: () => Promise<void>;
}

/** What a user would otherwise pick: the naive loop, and MongoDB's sink connector at the same rates. */
export async function contendersSuite(suite: Suite): Promise<void> {
  const naiveEvents = suite.events(10_000);
  const naive = await withRig(suite, async (rig) => {
    const sent = await (await startNaive(rig, 'produce', { events: naiveEvents })).result;
    const stored = await (await startNaive(rig, 'consume', { events: naiveEvents })).result;
    return { sent, stored };
  });
  const ours = await withRig(suite, (rig) => drain(rig, { events: suite.events(300_000) }));
  suite.table('draining a backlog, against the naive form', [
    { what: 'naive: eachMessage, insertOne', ...figures(naive.stored), ratio: 1 },
    { what: 'processor', ...figures(ours), ratio: ours.perSecond / naive.stored.perSecond },
    { what: '(naive producer: one awaited send each)', ...figures(naive.sent) },
  ]);
  await buildConnectorImage();
  const rows: Row[] = [];
  for (const rate of RATES) {
    const processor = await withRig(suite, (rig) => atRate(rig, suite, rate, () => startProcessor(rig)));
    const connector = await withRig(suite, (rig) => atRate(rig, suite, rate, () => startConnector(rig)));
    rows.push(
      { 'events/s': rate, what: 'processor', ...processor },
      { 'events/s': rate, what: 'sink connector, -Xmx256m', ...connector },
      {
        'events/s': rate,
        what: 'ratio',
        'CPU µs/event': processor['CPU µs/event'] / connector['CPU µs/event'],
        'resident MB': processor['resident MB'] / connector['resident MB'],
      },
    );
  }
  suite.table('at an equal rate, after a warm-up', rows);
}

const figures = ({ perSecond, cpuMicrosPerEvent }: { perSecond: number; cpuMicrosPerEvent: number }): Row => ({
  'events/s': perSecond,
  'CPU µs/event': cpuMicrosPerEvent,
});

async function startProcessor(rig: Rig): Promise<Consumer> {
  const task = await rig.startService('processor', { cpus: 'unlimited' });
  const stop = async (): Promise<void> => {
    await task.stop();
    await task.remove();
  };
  return { task, stop };
}

async function atRate(
  rig: Rig,
  suite: Suite,
  rate: number,
  start: () => Promise<Consumer>,
): Promise<Record<'CPU µs/event' | 'resident MB', number>> {
  const producer = await rig.startService('producer', { cpus: 'unlimited', config: { feed: { rate_per_second: 0 } } });
  const consumer = await start();
  await sleep(3_000);
  const warmUpSeconds = Math.max(5, Math.round(FULL_WARM_UP_SECONDS * suite.scale));
  const seconds = Math.max(5, Math.round(FULL_SECONDS * suite.scale));
  suite.note(`${consumer.task.container} at ${rate} events/s`);
  const job = await startJob<{ readonly acknowledgedEvents: number; readonly sentEvents: number }>(rig, {
    verb: 'load',
    urls: [`http://${producer.container.slice(rig.network.length + 1)}:8000`],
    batch: EVENTS_IN_REQUEST,
    eventsPerSecond: rate,
    concurrency: 64,
    warmUpSeconds,
    seconds,
  });
  await waitUntil({ what: 'the warm-up', timeoutSeconds: warmUpSeconds + 60 }, async () =>
    (await readLogs(job.container)).includes(MEASURING) ? undefined : 'it goes on',
  );
  const before: ContainerStats = await consumer.task.stats();
  const { acknowledgedEvents, sentEvents } = await job.result;
  const after = await consumer.task.stats();
  if (acknowledgedEvents !== sentEvents) throw new Error(`${acknowledgedEvents} of ${sentEvents} were acknowledged`);
  await consumer.stop();
  return {
    'CPU µs/event': ((after.cpuMs - before.cpuMs) * 1_000) / acknowledgedEvents,
    'resident MB': after.memoryBytes / MB,
  };
}
