/** A new value of a secret reaches the Swarm while both are accepted, whoever has made it; what was killed is gone on with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretName, type SecretId } from '../../lib/contract';
import { parseBySchema } from '../lib/cli/schemas';
import { anHourLater } from './support/associations';
import { cancelRunning } from './support/commands';
import { scram, topics } from './support/kafka';
import { onlyTask, onManager } from './support/nodes';
import { connectMongo, produce } from './support/pipeline';
import { eventually, metals, ROOT, type Result } from './support/run';
import { apiKey, password, stage } from './support/secrets';
import { inFullRun, mustPassSmokeTest } from './support/sequences';
import { withoutFailure } from './support/steady-load';
import { openTunnel } from './support/tunnel';
import {
  dockerSecret,
  login,
  secretsOf,
  type Login,
  type PasswordSecret,
  type ServicePrincipal,
} from './support/users';

jest.setTimeout(1_800_000);

const EVENTS_PER_SECOND = 200;
/** Of the nine kills: the stand-in of MongoDB counts half a million documents for longer than the smoke test waits. */
const FEWER_EVENTS_PER_SECOND = 50;
const event = { metal: 'gold', price: 1, source: 'lab-rotation' };

const succeeded = (result: Result): void =>
  expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);

const rotate = (name: string): Promise<Result> =>
  metals('secrets', 'rotate', name, '--yes', '--grace', '15s', '--json');

const dockerSecrets = async (): Promise<string[]> =>
  (await onManager('secret', 'ls', '--format', '{{.Name}}')).trim().split('\n');

const idOf = async (service: string): Promise<string> => (await onlyTask(service)).container;

/** Statuses of a request with each key. */
const answers = async (...keys: string[]): Promise<string> =>
  (await Promise.all(keys.map(async (key) => (await produce(event, key)).status))).join();

const changeApiKey = async (SecretString: string): Promise<unknown> =>
  new SecretsManagerClient({}).send(
    new PutSecretValueCommand({ SecretId: secretName(stage(), 'api-key'), SecretString }),
  );

interface Kill {
  readonly name: string;
  /** After it has said that it has come so far. */
  readonly seconds: number;
  readonly step: string;
  /** Of the command that it has sent. */
  readonly fate: 'cancelled' | 'left alone';
  /** Without the command line it may have gone on to its end: nothing is left to be resumed, and the same command makes a new value. @default false */
  readonly mayHaveEnded?: boolean;
}

// Objects: of a row that is shorter than the test's parameters, Jest makes the next one the callback that it waits for.
const KILLS: readonly Kill[] = [
  { name: 'api-key', seconds: 1, step: 'bringing the new values to the Swarm', fate: 'cancelled' },
  { name: 'api-key', seconds: 12, step: 'bringing the new values to the Swarm', fate: 'cancelled' },
  { name: 'api-key', seconds: 12, step: 'bringing the new values to the Swarm', fate: 'left alone' },
  { name: 'api-key', seconds: 3, step: 'making the new API key the current one', fate: 'left alone' },
  { name: 'api-key', seconds: 2, step: 'refusing the old API key', fate: 'cancelled' },
  { name: 'api-key', seconds: 12, step: 'refusing the old API key', fate: 'left alone', mayHaveEnded: true },
  { name: 'kafka-password/producer', seconds: 1, step: 'bringing the new values to the Swarm', fate: 'cancelled' },
  {
    name: 'kafka-password/producer',
    seconds: 15,
    step: 'bringing the new values to the Swarm',
    fate: 'cancelled',
    mayHaveEnded: true,
  },
  {
    name: 'kafka-password/processor',
    seconds: 25,
    step: 'bringing the new values to the Swarm',
    fate: 'cancelled',
    mayHaveEnded: true,
  },
];

/** Resolves when it is dead. */
async function killedRotation(name: string, step: string, seconds: number): Promise<void> {
  const args = ['secrets', 'rotate', name, '--yes', '--grace', '15s'];
  // A group of its own: bin/metals has children while it bundles.
  const child = spawn(join(ROOT, 'bin/metals'), args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await eventually(`"${step}"`, 600, async () => {
    if (child.exitCode !== null) throw new Error(`it has ended with ${child.exitCode}: ${said}`);
    return said.includes(step) ? undefined : said.slice(-200);
  });
  await sleep(seconds * 1000);
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

/** Id of the version that is to become current, or is. By ids: the lab forgets versions without a label sooner than AWS. */
async function newestVersion(id: SecretId): Promise<string | undefined> {
  const request = { SecretId: secretName(stage(), id) };
  const { VersionIdsToStages = {} } = await new SecretsManagerClient({}).send(new DescribeSecretCommand(request));
  const of = (label: string): string | undefined =>
    Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes(label))?.[0];
  return of('AWSPENDING') ?? of('AWSCURRENT');
}

test('the secrets are listed with their versions, and none with its value', async () => {
  const result = await metals('secrets', 'list', '--json');
  succeeded(result);
  const { secrets } = parseBySchema('secrets list', result.stdout) as {
    secrets: { secret: string; current: string; inUse: string[] }[];
  };
  expect(secrets.map(({ secret }) => secret).sort()).toEqual(['api-key', 'kafka-password', 'mongodb-password']);
  expect(await dockerSecrets()).toContain(
    `api-key-${secrets.find(({ secret }) => secret === 'api-key')!.current.slice(0, 8)}`,
  );
  for (const { current, inUse } of secrets) expect(inUse).toContain(current.slice(0, 8));
  expect(result.stdout).not.toContain(await apiKey());
});

test('a version that nobody has synced is brought into the Swarm, while both are accepted, and counts as the rotation', async () => {
  const old = await apiKey();
  const next = `rotated-${crypto.randomUUID()}`;
  await changeApiKey(next);
  expect(await answers(old, next)).toBe('202,401');
  const result = await rotate('api-key');
  succeeded(result);
  expect(JSON.parse(result.stdout)).toMatchObject({ rotated: ['api-key'], resumed: ['api-key'] });
  // Not a third one.
  expect(await apiKey()).toBe(next);
  expect(await answers(next, old)).toBe('202,401');
  await mustPassSmokeTest();
});

test('metals secrets sync changes nothing where the Swarm has what is current', async () => {
  const before = await dockerSecrets();
  const result = await metals('secrets', 'sync', '--json');
  succeeded(result);
  expect(parseBySchema('secrets sync', result.stdout)).toEqual({ stage: stage(), synced: [] });
  expect(await dockerSecrets()).toEqual(before);
});

inFullRun('under 200 events/s, metals secrets rotate', () => {
  test('replaces the API key: no request fails, and the old one is refused and gone in the end', async () => {
    const old = await apiKey();
    const oldSecrets = (await secretsOf('producer')).filter((name) => name.startsWith('api-key'));
    await withoutFailure(EVENTS_PER_SECOND, async () => succeeded(await rotate('api-key')));
    expect(await answers(old, await apiKey())).toBe('401,202');
    expect(await dockerSecrets()).not.toEqual(expect.arrayContaining(oldSecrets));
    await mustPassSmokeTest();
  });

  const refusedByKafka = async ({ username, password }: Login): Promise<void> => {
    const tunnel = await openTunnel(await onlyTask('kafka'), 9092);
    try {
      await expect(topics(tunnel, scram(username, password))).rejects.toThrow(/SASL|authentication/i);
    } finally {
      await tunnel.close();
    }
  };
  const refusedByMongo = async (old: Login): Promise<void> => {
    const prices = await connectMongo(old);
    try {
      await expect(prices.collection.findOne({})).rejects.toThrow(/auth/i);
    } finally {
      await prices.close();
    }
  };

  test.each<[PasswordSecret, ServicePrincipal, (old: Login) => Promise<void>]>([
    ['kafka-password', 'producer', refusedByKafka],
    ['kafka-password', 'processor', refusedByKafka],
    ['mongodb-password', 'processor', refusedByMongo],
  ])(
    'replaces %s of %s: nothing fails, no store restarts, and the old one is refused and gone',
    async (id, principal, refused) => {
      const old = await login(id, principal);
      const oldSecret = await dockerSecret(id, principal);
      const stores = [await idOf('kafka'), await idOf('mongodb')];
      await withoutFailure(EVENTS_PER_SECOND, async () => succeeded(await rotate(`${id}/${principal}`)));
      expect(await login(id, principal)).not.toEqual(old);
      expect([await idOf('kafka'), await idOf('mongodb')]).toEqual(stores);
      expect(await dockerSecrets()).not.toContain(oldSecret);
      await refused(old);
      await mustPassSmokeTest();
    },
  );

  test.each<[PasswordSecret, string]>([
    ['kafka-password', 'kafka'],
    ['mongodb-password', 'mongodb'],
  ])(
    'replaces %s of the administrator: %s starts again, requests wait for it, and nothing is lost',
    async (id, store) => {
      const [old, before] = [await password(id, 'admin'), await idOf(store)];
      await withoutFailure(EVENTS_PER_SECOND, async () => succeeded(await rotate(`${id}/admin`)));
      expect(await password(id, 'admin')).not.toBe(old);
      expect(await idOf(store)).not.toBe(before);
      const login = { username: 'admin', password: old };
      await (store === 'kafka' ? refusedByKafka : refusedByMongo)(login);
      await mustPassSmokeTest();
    },
  );

  test.each(KILLS)(
    'of $name, with fewer events, killed $seconds s after "$step" and its command $fate, goes on by the same command',
    async ({ name, seconds, step, fate, mayHaveEnded = false }) => {
      const secret = name.startsWith('api-key') ? 'api-key' : 'kafka-password';
      const resumed: string[] = [];
      const before = await newestVersion(secret);
      let made: string | undefined;
      await withoutFailure(FEWER_EVENTS_PER_SECOND, async () => {
        await killedRotation(name, step, seconds);
        made = await newestVersion(secret);
        // Otherwise nothing was killed.
        if (fate === 'cancelled') expect(await cancelRunning('stack-deploy')).toBeGreaterThan(0);
        const again = await rotate(name);
        succeeded(again);
        resumed.push(...(parseBySchema('secrets rotate', again.stdout) as { resumed: string[] }).resumed);
      });
      expect(made).not.toBe(before);
      // Where Docker had gone on by itself, and all tasks had the new value, nothing was left to be resumed.
      if (!mayHaveEnded) {
        expect(resumed).toEqual([name]);
        expect(await newestVersion(secret)).toBe(made);
      }
      expect((await metals('status', '--json')).code).toBe(0);
      await mustPassSmokeTest();
    },
  );
});

inFullRun('a key that was changed elsewhere', () => {
  test('is taken up by metals deploy; clients that have the old one are accepted until all tasks have the new one', async () => {
    const old = await apiKey();
    const next = `rotated-${crypto.randomUUID()}`;
    await changeApiKey(next);
    expect(await answers(next)).toBe('401');
    succeeded(await metals('deploy', '--yes'));
    expect(await answers(next, old)).toBe('202,401');
    await mustPassSmokeTest();
  });

  test('is brought to the Swarm at once by metals secrets sync', async () => {
    const old = await apiKey();
    const next = `rotated-${crypto.randomUUID()}`;
    await changeApiKey(next);
    const result = await metals('secrets', 'sync', '--json');
    succeeded(result);
    expect(parseBySchema('secrets sync', result.stdout)).toEqual({ stage: stage(), synced: ['api-key'] });
    expect(await answers(next, old)).toBe('202,401');
    await mustPassSmokeTest();
  });

  test('reaches the Swarm by itself', async () => {
    const old = await apiKey();
    const next = `rotated-${crypto.randomUUID()}`;
    await changeApiKey(next);
    await anHourLater();
    await eventually('the new key accepted and the old one refused', 600, async () => {
      const seen = await answers(next, old);
      return seen === '202,401' ? undefined : `answers ${seen}`;
    });
    // One replica may refuse the old key before another one has begun.
    await eventually('all replicas', 120, async () => {
      const { code, stderr } = await metals('status', '--json');
      return code === 0 ? undefined : stderr;
    });
    await mustPassSmokeTest();
  });
});
