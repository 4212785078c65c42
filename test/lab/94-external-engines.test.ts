/** While events come in, the pipeline moves to a Kafka and a MongoDB of somebody else, gets another login there, and moves back. */
import { rmSync } from 'node:fs';
import type { StackStatus } from '../../lib/cli/stack-status';
import { TOPIC } from '../../lib/contract';
import { deployedBundle } from './support/bundles';
import { lastParameters } from './support/commands';
import {
  putLogins,
  removeExternalEngines,
  startExternalEngines,
  type ExternalEngines,
} from './support/external-engines';
import { setRights } from './support/external-rights';
import { gatewayLog, leaks, patterns, processesWith, shownByManager } from './support/leaks';
import { rewindAll } from './support/lost-volumes';
import { connectPrices, idsIn, type Connect, type StoredPrice } from './support/pipeline';
import { contextOf, eventually, metals, run, tryRun } from './support/run';
import { inFullRun, mustDeploy, mustPassSmokeTest, underLoad } from './support/sequences';

jest.setTimeout(3_600_000);

const EVENTS_PER_SECOND = 20;
const AWAY_SECONDS = 20;
/** As many whole documents are compared, besides all ids. */
const SAMPLE = 200;

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Ids that are there, and some documents as they are. */
async function stored(connect: Connect): Promise<{ ids: string[]; sample: StoredPrice[] }> {
  const ids = await idsIn(connect);
  const prices = await connect();
  try {
    return { ids, sample: await prices.collection.find().sort({ _id: -1 }).limit(SAMPLE).toArray() };
  } finally {
    await prices.close();
  }
}

/** All that was stored in one place is in the other, as it was. */
async function mustHaveCome(before: Awaited<ReturnType<typeof stored>>, connect: Connect): Promise<void> {
  expect(before.sample.length).toBeGreaterThan(0);
  const there = new Set(await idsIn(connect));
  expect(before.ids.filter((id) => !there.has(id))).toEqual([]);
  const prices = await connect();
  try {
    for (const document of before.sample)
      expect(await prices.collection.findOne({ _id: document._id })).toEqual(document);
  } finally {
    await prices.close();
  }
}

inFullRun('engines of somebody else', () => {
  let engines: ExternalEngines;

  beforeAll(async () => {
    engines = await startExternalEngines();
    await putLogins(engines.first);
  });
  // Later tests know the engines of before.
  afterAll(async () => {
    try {
      await mustDeploy();
    } finally {
      await removeExternalEngines();
    }
  });

  test('take over from the own ones: no event is lost or doubled, those of before come along, and no request fails', async () => {
    const before = await stored(connectPrices);
    const refused = await underLoad(EVENTS_PER_SECOND, () => mustDeploy(engines.settings), engines.mongodb.prices);
    await mustHaveCome(before, engines.mongodb.prices);
    expect(refused).toEqual([]);
  });

  test('are all that there is: metals status is healthy without own ones, and the smoke test passes', async () => {
    const { code, stdout, stderr } = await metals('status', '--json');
    if (!stdout.startsWith('{')) throw new Error(`exit code ${code}: ${stderr}`);
    const { services, problems } = JSON.parse(stdout) as StackStatus & { problems: string[] };
    expect([code, problems]).toEqual([0, []]);
    const names = services.map(({ name }) => name.replace(/^setup-.*/, 'setup'));
    expect(names.sort()).toEqual(['edge', 'processor', 'producer', 'setup']);
    await mustPassSmokeTest();
  });

  test('have dead letters: a broken record is listed by metals dlq', async () => {
    await engines.kafka.send(TOPIC.prices, '{broken');
    await eventually('the dead letter', 60, async () => {
      const { code, stdout, stderr } = await metals('dlq', 'list', '--since', '5m', '--json');
      if (code !== 0) return stderr;
      const { letters } = JSON.parse(stdout) as { letters: { reason: string }[] };
      return letters.some(({ reason }) => reason === 'not-json') ? undefined : `${letters.length} letters`;
    });
  });

  test('may both be away for a while: what is accepted is stored once they are back', async () => {
    const { kafka, mongodb } = engines;
    const away = async (): Promise<void> => {
      for (const engine of [mongodb, kafka]) await engine.stop();
      await sleep(AWAY_SECONDS);
      for (const engine of [mongodb, kafka]) await engine.start();
      await eventually('the smoke test', 240, async () => {
        const { code, stderr } = await metals('smoke-test', '--json');
        return code === 0 ? undefined : stderr;
      });
    };
    await underLoad(EVENTS_PER_SECOND, away, mongodb.prices);
  });

  test('are read again: a price that was deleted there comes back', async () => {
    const prices = await engines.mongodb.prices();
    try {
      const [last] = await prices.collection.find().sort({ _id: -1 }).limit(1).toArray();
      await prices.collection.deleteOne({ _id: last!._id });
      await rewindAll();
      await eventually('the price', 60, async () => {
        const found = await prices.collection.findOne({ _id: last!._id });
        return found?.price === last!.price ? undefined : JSON.stringify(found);
      });
    } finally {
      await prices.close();
    }
  });

  test('leave no password where it may not be', async () => {
    const { passwords } = engines;
    for (const [what, text] of await shownByManager()) expect([what, leaks(text, passwords)]).toEqual([what, []]);
    expect(leaks(await gatewayLog(), passwords)).toEqual([]);
    expect(await processesWith(passwords)).toEqual([]);
    expect(leaks(await run('ps', ['-eww', '-o', 'args']), passwords)).toEqual([]);
    const { folder } = await deployedBundle(await lastParameters('stack-deploy'));
    try {
      expect((await tryRun('grep', ['-raFl', '-f', '-', folder], patterns(passwords))).stdout).toBe('');
      // The same search for something that is there: it does look.
      expect((await tryRun('grep', ['-raFl', '-f', '-', folder], 'BEGIN CERTIFICATE\n')).stdout).toContain('-ca.pem');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('take another login: the users of before go, and no request fails', async () => {
    const { kafka, mongodb, settings, second } = engines;
    const change = async (): Promise<void> => {
      await putLogins(second);
      const result = await metals('deploy', '--yes', ...contextOf(settings));
      expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
      for (const { username } of (['admin', 'producer', 'processor'] as const).map(engines.login)) {
        // Who is still connected as this user may do nothing from here on.
        await setRights(kafka.kafka, username, []);
        await kafka.removeUser(username);
        await mongodb.removeUser(username);
      }
      await mustPassSmokeTest();
    };
    expect(await underLoad(EVENTS_PER_SECOND, change, mongodb.prices)).toEqual([]);
  });

  // By itself: the processors go on with what they read, so that what they still store meanwhile must come along, too.
  test('give back to the own MongoDB, while Kafka stays: no event is lost or doubled, and its prices come along', async () => {
    const before = await stored(engines.mongodb.prices);
    const kafkaAlone = Object.fromEntries(Object.entries(engines.settings).filter(([key]) => key.startsWith('kafka')));
    const refused = await underLoad(EVENTS_PER_SECOND, () => mustDeploy(kafkaAlone));
    await mustHaveCome(before, connectPrices);
    expect(refused).toEqual([]);
    await mustPassSmokeTest();
  });

  test('and to the own Kafka: no event is lost or doubled', async () => {
    const refused = await underLoad(EVENTS_PER_SECOND, () => mustDeploy());
    expect(refused).toEqual([]);
    await mustPassSmokeTest();
  });
});
