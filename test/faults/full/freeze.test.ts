/**
 * Every process of a container stands still, longer than each time-out of the others, and goes on as if nothing had been.
 * Clients repeat nothing here, and each event is a batch of its own: a repetition would hide a lost one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { DEPLOYED, Fleet } from '../support/fleet';
import { KEPT_PRODUCER } from '../support/mutations';
import { violations } from '../support/oracle';
import { some } from '../support/some';
import { startFaultRig, underLoad, type Outcome } from '../support/trial';

jest.setTimeout(480_000);

const RATE_PER_SECOND = 40;
const WORK_MS = 4_000;
/** Above all attempts of one send: seven, of 8 s each, and the pauses between them. */
const FREEZE_MS = 75_000;
/** And of the next one: its failure shows what became of the first one's sequence numbers. */
const LONG_FREEZE_MS = 130_000;
/** Above the 25 s after which the producer answers by itself, so that every answer is heard. */
const ATTEMPT_TIMEOUT_MS = 40_000;
const ONE_EVENT_A_BATCH = { ...DEPLOYED, producer: { ...DEPLOYED.producer, queue: { max_batch_events: 1 } } };

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('freeze');
  fleet = new Fleet(rig, ONE_EVENT_A_BATCH);
});
afterAll(() => rig?.stop());

async function freeze(run: string, choose: () => Task, lastsMs: number): Promise<Outcome> {
  const load = { run, ratePerSecond: RATE_PER_SECOND, repeats: false, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS };
  return underLoad(rig, fleet, load, async () => {
    await sleep(WORK_MS);
    const goOn = await choose().pause();
    await sleep(lastsMs);
    await goOn();
    await sleep(WORK_MS);
  });
}

describe('frozen, under load, with the time-outs of the deployment', () => {
  beforeAll(() => Promise.all([fleet.add('producer'), fleet.add('processor'), fleet.add('processor')]));
  afterAll(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

  test.each<[string, () => Task, number]>([
    ['Kafka', () => rig.kafka, LONG_FREEZE_MS],
    ['MongoDB', () => rig.mongodb, FREEZE_MS],
    ['a processor', () => fleet.processors[0], FREEZE_MS],
    ['the producer', () => fleet.producers[0], FREEZE_MS],
  ])('%s: 0 lost, 0 doubled, and nothing ended by itself', async (name, choose, lastsMs) => {
    const outcome = await freeze(`freeze-${name.split(' ').pop()!.toLowerCase()}`, choose, lastsMs);
    expect(violations(outcome)).toEqual([]);
    expect(outcome.vitals.failures).toEqual([]);
    expect(outcome.acknowledged).toBeGreaterThan(0);
  });
});

test('a producer that keeps its client after a failed send loses what it acknowledges afterwards', async () => {
  await Promise.all([fleet.add('producer', { variant: KEPT_PRODUCER }), fleet.add('processor')]);
  const found = violations(await freeze('kept-producer', () => rig.kafka, LONG_FREEZE_MS));
  expect(found).toEqual(expect.arrayContaining([some('lost')]));
});
