/**
 * Every process of a container stands still, longer than each time-out of the others, and goes on as if nothing had been.
 * Clients repeat nothing here, and each event is a batch of its own: a repetition would hide a lost one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Variant } from '../../rig/variants';
import { waitUntil } from '../../rig/wait';
import { DEPLOYED, Fleet } from '../support/fleet';
import { KEPT_PRODUCER } from '../support/mutations';
import { violations } from '../support/oracle';
import { post } from '../support/post';
import { settled } from '../support/topics';
import { startFaultRig, storedSources, tell, underLoad, type Outcome } from '../support/trial';

jest.setTimeout(480_000);

const RATE_PER_SECOND = 40;
const WORK_MS = 4_000;
/** Above all attempts of one send, and of the connections after it: of 8 s each. */
const FREEZE_MS = 75_000;
/** And of the next one. */
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

describe('one event after a failed send, whose batch reaches the topic when Kafka goes on', () => {
  afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

  test('is stored, too', async () => {
    expect(await storedAfterFailedSend('replaced')).toEqual([
      'oracle:replaced:0',
      'oracle:replaced:1',
      'oracle:replaced:2',
    ]);
  });

  test(`is acknowledged and lost by one with ${KEPT_PRODUCER.name}`, async () => {
    expect(await storedAfterFailedSend('kept', KEPT_PRODUCER)).toEqual(['oracle:kept:0', 'oracle:kept:1']);
  });
});

/** All on one partition; what is acknowledged is the first and the last. */
async function storedAfterFailedSend(run: string, variant?: Variant): Promise<string[]> {
  const producer = await fleet.add('producer', { variant });
  await fleet.add('processor');
  const send = async (n: number): Promise<number> => {
    const event = { metal: 'gold', price: 100 + n, source: `oracle:${run}:${n}` };
    return (await post(producer.url, rig.apiKey, event)).status;
  };
  const isStored = (n: number): Promise<void> =>
    waitUntil({ what: `event ${n}`, timeoutSeconds: 60, report: tell }, async () =>
      (await storedSources(rig, run)).includes(`oracle:${run}:${n}`) ? undefined : 'it is not stored',
    );
  expect(await send(0)).toBe(202);
  await isStored(0);
  const goOn = await rig.kafka.pause();
  try {
    expect(await send(1)).toBe(504);
    await waitUntil(
      { what: 'the end of all attempts', timeoutSeconds: LONG_FREEZE_MS / 1_000, report: tell },
      async () => ((await producer.logs()).includes('send failed') ? undefined : 'it still tries'),
    );
  } finally {
    await goOn();
  }
  // From the broker's own socket, long after its sender has given it up.
  await isStored(1);
  let status = 503;
  await waitUntil({ what: 'the way to Kafka', timeoutSeconds: 60, report: tell }, async () => {
    status = await send(2);
    return status === 503 ? 'nothing was sent' : undefined;
  });
  expect(status).toBe(202);
  await settled(rig.kafkaClient(), 60, tell);
  return storedSources(rig, run);
}
