/** Poison in amounts: each partition holds more records than memory does, and a batch unpacks to more than the broker has. */
import { CompressionTypes, type Message } from 'kafkajs';
import { startRig, type Rig } from '../../rig/rig';
import { waitUntil } from '../../rig/wait';
import { Fleet } from '../support/fleet';
import { foreignEvent, sendForeign, toMessage } from '../support/foreign';
import { Keeper } from '../support/keeper';
import { settled } from '../support/topics';
import { findStored, readLetters, tell } from '../support/trial';

jest.setTimeout(900_000);

const PARTITIONS = [0, 1, 2, 3, 4, 5];
const BATCHES = 2;
const BATCH_RECORDS = 85_000;
const BOMB_BYTES = 200 * 1_048_576;

let rig: Rig;
let fleet: Fleet;
let keeper: Keeper;
beforeAll(async () => {
  rig = await startRig({ name: 'million-records', report: tell });
  fleet = new Fleet(rig);
  await fleet.add('producer');
  keeper = new Keeper(() => [rig.kafka, ...fleet.all]);
});
afterAll(async () => {
  await keeper?.stop();
  await rig?.stop();
});

const sourcesOf = async (run: string): Promise<number> => (await findStored(rig, run)).length;

test('a million records of one byte wait for a processor that starts: it reads them all, and does not end', async () => {
  const tiny = Array.from({ length: BATCH_RECORDS }, (): Message => ({ key: null, value: 'x' }));
  for (let batch = 0; batch < BATCHES; batch += 1) {
    for (const partition of PARTITIONS) await sendForeign(rig, partition, tiny);
  }
  await fleet.add('processor', { wait: false });
  await sendForeign(rig, 0, [toMessage(foreignEvent('after-tiny', 0))]);
  await settled(rig.kafkaClient(), 600, tell);
  expect(keeper.restarts).toEqual([]);
  expect(await sourcesOf('after-tiny')).toBe(1);
  const letters = await readLetters(rig);
  expect(new Set(letters.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(
    PARTITIONS.length * BATCHES * BATCH_RECORDS,
  );
});

test('a batch that unpacks to 200 MB: nothing before or after it is lost', async () => {
  await sendForeign(rig, 3, [toMessage(foreignEvent('bomb', 0))]);
  const bomb = [{ key: null, value: Buffer.alloc(BOMB_BYTES) }];
  // What the client hears is for the broker to decide; hostile-records shows that it stays up.
  await sendForeign(rig, 3, bomb, CompressionTypes.GZIP).catch((error: Error) => tell(`the bomb: ${error.message}`));
  await waitUntil({ what: 'an event after the bomb', timeoutSeconds: 120, report: tell }, () =>
    sendForeign(rig, 3, [toMessage(foreignEvent('bomb', 1))]).then(() => undefined),
  );
  await settled(rig.kafkaClient(), 300, tell);
  tell(`restarts: ${keeper.restarts.join(', ') || 'none'}`);
  expect(await sourcesOf('bomb')).toBe(2);
  expect(keeper.restarts.filter((restart) => /processor|producer/.test(restart))).toEqual([]);
});
