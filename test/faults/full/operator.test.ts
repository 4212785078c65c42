/** What an operator may do while it runs: other defaults, and the topic made again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../rig/http';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { killAndStart } from '../support/disturb';
import { Fleet } from '../support/fleet';
import { post } from '../support/post';
import { settled, TOPIC, withAdmin } from '../support/topics';
import { findStored, readLetters, startFaultRig, storedSources, tell } from '../support/trial';

jest.setTimeout(300_000);

const PARTITIONS = 6;
/** Longer than a client of Kafka keeps what it knows of a topic. */
const METADATA_SECONDS = 120;
const TELL_SECONDS = 15;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('operator');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());
beforeEach(() => Promise.all([fleet.add('producer'), fleet.add('processor'), fleet.add('processor')]));
afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

const send = (producer: Task, event: object): Promise<Answer> => post(producer.url, rig.apiKey, event);

test('the same request, before and after an update of the defaults that it leaves open, is one event', async () => {
  const now = Date.now();
  const request = {
    event_id: `${now
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`,
    metal: 'gold',
    price: 2_000,
    timestamp: new Date(now).toISOString(),
    source: 'oracle:defaults:0',
  };
  const [before] = fleet.producers;
  expect((await send(before, request)).status).toBe(202);
  await settled(rig.kafkaClient(), 60, tell);
  const letters = (await readLetters(rig)).length;
  const after = await fleet.add('producer', {
    config: { events: { currency: 'EUR' }, metals: { gold: { unit: 'kilogram' } } },
  });
  await fleet.retire(before);
  expect((await send(after, request)).status).toBe(202);
  await settled(rig.kafkaClient(), 60, tell);
  expect(await findStored(rig, 'defaults')).toEqual([expect.objectContaining({ currency: 'USD', unit: 'troy_ounce' })]);
  expect(await readLetters(rig)).toHaveLength(letters);
});

test('the topic is deleted and made again: what is accepted afterwards is stored, or the health says that it is not', async () => {
  const [producer] = fleet.producers;
  const events = (run: string) =>
    Array.from({ length: 40 }, (_, n) => ({
      metal: n % 2 ? 'gold' : 'zinc',
      price: 100 + n,
      source: `oracle:${run}:${n}`,
    }));
  for (const event of events('before')) expect((await send(producer, event)).status).toBe(202);
  await settled(rig.kafkaClient(), 60, tell);
  const topics = [{ topic: TOPIC, numPartitions: PARTITIONS }];
  await withAdmin(rig.kafkaClient(), (admin) => admin.deleteTopics({ topics: [TOPIC] }));
  await sleep(2_000);
  await withAdmin(rig.kafkaClient(), (admin) => admin.createTopics({ topics, waitForLeaders: true }));
  await waitUntil({ what: 'an accepted event', timeoutSeconds: METADATA_SECONDS, report: tell }, async () => {
    const { status, text } = await send(producer, { metal: 'gold', price: 1, source: 'first' });
    return status === 202 ? undefined : `${status}: ${text.slice(0, 100)}`;
  });
  const accepted: string[] = [];
  for (const event of events('after')) if ((await send(producer, event)).status === 202) accepted.push(event.source);
  expect(accepted).not.toEqual([]);
  const missing = async (): Promise<string[]> => {
    const stored = new Set(await storedSources(rig, 'after'));
    return accepted.filter((source) => !stored.has(source));
  };
  await waitUntil(
    { what: 'all of them stored, or a reason', timeoutSeconds: TELL_SECONDS + 30, report: tell },
    async () => {
      const open = await missing();
      if (open.length === 0) return undefined;
      const healths = await Promise.all(fleet.processors.map((task) => task.health()));
      const told = healths.some(
        ({ status, reasons }) => status !== 'healthy' && /partition|offset|topic/i.test(reasons.join()),
      );
      return told ? undefined : `${open.length} are missing, and every processor is healthy`;
    },
  );
  // The remedy that is documented for it: nothing is passed over for good.
  await Promise.all(fleet.processors.map(killAndStart));
  await waitUntil({ what: 'all of them stored', timeoutSeconds: 90, report: tell }, async () => {
    const open = await missing();
    return open.length === 0 ? undefined : `${open.length} of ${accepted.length} are missing`;
  });
});
