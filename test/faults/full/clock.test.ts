/** The clock of a service is set by an hour, back or forward, while it works and while it has nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import { waitUntil } from '../../rig/wait';
import { Fleet, QUICK } from '../support/fleet';
import { violations } from '../support/oracle';
import { post } from '../support/post';
import { settled } from '../support/topics';
import { startFaultRig, storedSources, tell, underLoad } from '../support/trial';

jest.setTimeout(240_000);

const HOUR_SECONDS = 3_600;
/** Above the session of a processor (6 s): by then the group has expelled one that sends nothing. */
const IDLE_MS = 20_000;
const WORK_MS = 5_000;
/** A line or two for each try, and not for each of some thousand. */
const MOST_LINES_A_STEP = 60;
const STEPS = [
  ['back', -HOUR_SECONDS],
  ['forward', HOUR_SECONDS],
] as const;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('clock');
  fleet = new Fleet(rig, QUICK, { clock: true });
  await Promise.all([fleet.add('producer'), fleet.add('processor')]);
});
afterAll(() => rig?.stop());
afterEach(async () => {
  await Promise.all(fleet.all.map((task) => rig.clockOf(task).step(0)));
  await sleep(WORK_MS);
});

/** Without id and time: what the producer's own clock says of them is not the client's fault. */
async function sendNameless(run: string, count: number): Promise<{ accepted: string[]; answers: number[] }> {
  const accepted: string[] = [];
  const answers: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const source = `oracle:${run}:${n}`;
    const event = { metal: 'gold', price: 100 + n, source };
    const { status } = await post(fleet.producers[0].url, rig.apiKey, event);
    answers.push(status);
    if (status === 202) accepted.push(source);
    await sleep(100);
  }
  return { accepted, answers };
}
const sourcesOf = (run: string): Promise<string[]> => storedSources(rig, run);

test.each(STEPS)('a busy processor, %s: 0 lost, 0 doubled', async (name, seconds) => {
  const verdict = await underLoad(rig, fleet, { run: `busy-${name}`, ratePerSecond: 100 }, async () => {
    await sleep(WORK_MS);
    await rig.clockOf(fleet.processors[0]).step(seconds);
    await sleep(3 * WORK_MS);
    await rig.clockOf(fleet.processors[0]).step(0);
    await sleep(WORK_MS);
  });
  expect(violations(verdict)).toEqual([]);
  expect(verdict.vitals.failures).toEqual([]);
});

test.each(STEPS)(
  'an idle processor, %s: it stays in the group or joins again, commits, and says little',
  async (name, seconds) => {
    const [processor] = fleet.processors;
    await settled(rig.kafkaClient(), 60, tell);
    const sinceMs = Date.now();
    await rig.clockOf(processor).step(seconds);
    await sleep(IDLE_MS);
    const { accepted, answers } = await sendNameless(`idle-${name}`, 10);
    expect(answers).toEqual(answers.map(() => 202));
    await settled(rig.kafkaClient(), 45, tell);
    expect(await sourcesOf(`idle-${name}`)).toEqual(accepted.sort());
    expect(await processor.countLogLines(sinceMs)).toBeLessThan(MOST_LINES_A_STEP);
  },
);

test.each(STEPS)(
  'a producer, %s: events without id and time are accepted or may be sent again, never called wrong',
  async (name, seconds) => {
    await rig.clockOf(fleet.producers[0]).step(seconds);
    await sleep(WORK_MS);
    const { accepted, answers } = await sendNameless(`producer-${name}`, 10);
    expect(answers.filter((status) => status !== 202 && status < 500)).toEqual([]);
    await rig.clockOf(fleet.producers[0]).step(0);
    await waitUntil({ what: 'an accepted event', timeoutSeconds: 60, report: tell }, async () =>
      (await sendNameless(`again-${name}`, 1)).accepted.length === 1 ? undefined : 'it is refused',
    );
    await settled(rig.kafkaClient(), 60, tell);
    expect(await sourcesOf(`producer-${name}`)).toEqual(accepted.sort());
  },
);
