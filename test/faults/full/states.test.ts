/**
 * States that need somebody, each brought about in a service that runs: /health and the metrics show it within 15 s, with
 * what to do. Others are in health.test.ts (stores away), truncated-log.test.ts and full-disk.test.ts.
 */
import { STATES, type ServiceName, type StateCode } from '../../../services/common/health-states';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { Fleet } from '../support/fleet';
import { denyDeadLetters, foreignEvent, sendForeign, toMessage } from '../support/foreign';
import { HEARTBEAT_UNGUARDED, NOTHING_ASSIGNED } from '../support/mutations';
import { post } from '../support/post';
import { settled, TOPIC, withAdmin } from '../support/topics';
import { startFaultRig, tell } from '../support/trial';

jest.setTimeout(240_000);

const TELL_SECONDS = 15;
const HOUR_SECONDS = 3_600;
const SESSION_SECONDS = 6;
/** Just above what is read at all. */
const TOO_LARGE_BYTES = 20_000;

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('states');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());
afterEach(() => Promise.all([fleet.removeAll('producer'), fleet.removeAll('processor')]));

/** From now on, for whoever asks. */
async function isTold(
  task: Task,
  service: ServiceName,
  state: StateCode,
  { withinSeconds = TELL_SECONDS, meanwhile = async (): Promise<unknown> => undefined } = {},
): Promise<void> {
  const startMs = performance.now();
  await waitUntil({ what: state, timeoutSeconds: withinSeconds, intervalMs: 250, report: tell }, async () => {
    await meanwhile();
    const { status, states, reasons } = await task.health();
    const gauge = (await task.metrics()).get(`metals_${service}_health_state{state="${state}"}`);
    const told = states.includes(state) && reasons.some((reason) => reason.endsWith(STATES[state].next));
    return told && gauge === 1 ? undefined : `${status}, metric ${gauge}: ${reasons.join('; ')}`;
  });
  tell(`${service}: ${state} after ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
}

const sendOne = (): Promise<unknown> => post(fleet.producers[0].url, rig.apiKey, { metal: 'gold', price: 2_000 });
const event = (run: string, n = 0) => toMessage(foreignEvent(run, n));

test('the clock of a processor an hour back', async () => {
  const processor = await fleet.add('processor', { clock: true });
  await rig.clockOf(processor).step(-HOUR_SECONDS);
  await isTold(processor, 'processor', 'clock-skewed');
});

test('the clock of a producer an hour ahead, by what it sends', async () => {
  const producer = await fleet.add('producer', { clock: true });
  await rig.clockOf(producer).step(HOUR_SECONDS);
  await isTold(producer, 'producer', 'clock-skewed', { meanwhile: sendOne });
});

test('a record that is too large to be read', async () => {
  const processor = await fleet.add('processor');
  await sendForeign(rig, 0, [{ key: null, value: 'x'.repeat(TOO_LARGE_BYTES) }]);
  await isTold(processor, 'processor', 'poison-record');
});

test('dead letters that cannot be sent, and the partition that waits for them', async () => {
  const processor = await fleet.add('processor');
  const giveBack = await denyDeadLetters(rig);
  try {
    await sendForeign(rig, 0, [{ key: null, value: '{"metal":' }]);
    await isTold(processor, 'processor', 'dead-letters-refused');
    await isTold(processor, 'processor', 'topic-unusable');
    await isTold(processor, 'processor', 'partition-stuck');
  } finally {
    await giveBack();
    await settled(rig.kafkaClient(), 60, tell);
  }
});

test('a unique index besides _id', async () => {
  const processor = await fleet.add('processor');
  const client = rig.mongoClient('admin');
  try {
    const prices = client.db('metals').collection('prices');
    await prices.deleteMany({});
    const index = await prices.createIndex({ currency: 1 }, { unique: true });
    try {
      await sendForeign(rig, 0, [event('unique', 0), event('unique', 1)]);
      await isTold(processor, 'processor', 'unique-index');
    } finally {
      await prices.dropIndex(index);
    }
  } finally {
    await client.close();
  }
});

test('partitions that the leader has given to nobody', async () => {
  const processor = await fleet.add('processor', { variant: NOTHING_ASSIGNED, wait: false });
  await waitUntil({ what: 'a member of the group', timeoutSeconds: 60 }, async () =>
    (await processor.logs()).includes('joined the group') ? undefined : 'it has not joined',
  );
  await isTold(processor, 'processor', 'partition-without-owner');
});

test('a member that the group has expelled', async () => {
  const processor = await fleet.add('processor', { variant: HEARTBEAT_UNGUARDED, clock: true });
  await rig.clockOf(processor).step(-HOUR_SECONDS);
  // Expelled at the end of its session: the state begins then.
  await isTold(processor, 'processor', 'group-expelled', { withinSeconds: SESSION_SECONDS + TELL_SECONDS });
});

// The last one: it stays for whoever has that partition.
test('a committed offset that is gone from the topic', async () => {
  const before = await fleet.add('processor');
  await sendForeign(rig, 0, [event('gone', 0)]);
  await settled(rig.kafkaClient(), 60, tell);
  await fleet.retire(before);
  const offset = await sendForeign(rig, 0, [event('gone', 1), event('gone', 2)]);
  await withAdmin(rig.kafkaClient(), async (admin) => {
    // kafkajs deletes only from a topic that it knows.
    await admin.fetchTopicOffsets(TOPIC);
    await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: String(offset + 1) }] });
  });
  const processor = await fleet.add('processor', { wait: false });
  await waitUntil({ what: 'the processor', timeoutSeconds: 60 }, async () => {
    const { status } = await processor.health();
    return status === 'starting' ? status : undefined;
  });
  await isTold(processor, 'processor', 'offset-gone');
});
