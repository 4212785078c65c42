/** Poison in amounts: each partition holds more records than memory does, and a batch unpacks to more than the broker has. */
import { CompressionTypes } from 'kafkajs';
import { docker } from '../../../lib/lab/docker';
import { startRig, type Rig } from '../../rig/rig';
import { waitUntil } from '../../rig/wait';
import { Fleet } from '../support/fleet';
import { foreignEvent, sendForeign, toMessage } from '../support/foreign';
import { Keeper } from '../support/keeper';
import { DEAD_LETTERS, endOf, settled, TOPIC, withAdmin } from '../support/topics';
import { findStored, tell } from '../support/trial';
import { formatVitals, VitalsWatch } from '../support/vitals';

jest.setTimeout(1_800_000);

/** Each becomes a dead letter. */
const DRAIN_SECONDS = 1_500;
const TINY_RECORDS = 1_000_000;
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

/** By Kafka's own tool, in batches of a megabyte for one partition after the other: kafkajs takes minutes to encode one. */
const sendTiny = (): Promise<string> =>
  docker(
    rig.kafkaTool(['-Xmx256m'], 'org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', TOPIC, '--num-records', String(TINY_RECORDS), '--record-size', '1', '--throughput', '-1'],
      ...['--command-property', 'batch.size=1000000', 'linger.ms=1000', 'compression.type=none'],
    ]),
  );

test('a million records of one byte wait for a processor that starts: it reads them all, and does not end', async () => {
  tell((await sendTiny()).trim());
  const { startedAt } = await (await fleet.add('processor', { wait: false })).state();
  const watch = new VitalsWatch(rig, fleet);
  const startMs = performance.now();
  await sendForeign(rig, 0, [toMessage(foreignEvent('after-tiny', 0))]);
  await settled(rig.kafkaClient(), DRAIN_SECONDS, tell).finally(() => watch.stop());
  const vitals = await watch.stop();
  tell(formatVitals(vitals));
  expect(vitals.failures).toEqual([]);
  tell(`${TINY_RECORDS} records of one byte in ${Math.round((performance.now() - startMs) / 1_000)} s`);
  expect(keeper.restarts).toEqual([]);
  expect(await fleet.processors[0].state()).toMatchObject({ running: true, startedAt });
  expect(await sourcesOf('after-tiny')).toBe(1);
  // By the broker's own count; hostile-records looks at each of fewer. One that is read twice may have two.
  const letters = await withAdmin(rig.kafkaClient(), (admin) => endOf(admin, DEAD_LETTERS));
  expect(letters.get(0)).toBeGreaterThanOrEqual(TINY_RECORDS);
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
