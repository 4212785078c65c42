/** A new value of a secret reaches the Swarm while both are accepted, whoever has made it; what was killed is gone on with. */
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CancelCommandCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { documentName, secretName } from '../../lib/contract';
import { anHourLater } from './support/associations';
import { scram, topics } from './support/kafka';
import { onlyTask, onManager, tasks } from './support/nodes';
import { connectMongo, produce } from './support/pipeline';
import { eventually, metals, type Result } from './support/run';
import { apiKey, stage } from './support/secrets';
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

test('the secrets are listed with their versions, and none with its value', async () => {
  const result = await metals('secrets', 'list', '--json');
  succeeded(result);
  const { secrets } = JSON.parse(result.stdout) as { secrets: { secret: string; current: string; inUse: string[] }[] };
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

  test('goes on after it was killed, without another value', async () => {
    const ssm = new SSMClient({});
    const old = await apiKey();
    let resumed: string[] = [];
    await withoutFailure(EVENTS_PER_SECOND, async () => {
      const before = (await tasks('producer')).map(({ container }) => container);
      const killed = rotate('api-key');
      // While the tasks roll that accept both.
      await eventually('a producer that accepts both keys', 300, async () => {
        const now = (await tasks('producer')).map(({ container }) => container);
        return now.some((container) => !before.includes(container)) ? undefined : 'no new task yet';
      });
      const { Commands = [] } = await ssm.send(new ListCommandsCommand({}));
      const running = Commands.filter(
        ({ DocumentName, Status }) => DocumentName === documentName(stage(), 'stack-deploy') && Status === 'InProgress',
      );
      expect(running.length).toBeGreaterThan(0);
      for (const { CommandId } of running) await ssm.send(new CancelCommandCommand({ CommandId }));
      expect((await killed).code).not.toBe(0);
      const again = await rotate('api-key');
      succeeded(again);
      ({ resumed } = JSON.parse(again.stdout) as { resumed: string[] });
    });
    expect(resumed).toEqual(['api-key']);
    expect(await answers(old, await apiKey())).toBe('401,202');
  });
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

  test('reaches the Swarm by itself', async () => {
    const old = await apiKey();
    const next = `rotated-${crypto.randomUUID()}`;
    await changeApiKey(next);
    await anHourLater();
    await eventually('the new key accepted and the old one refused', 600, async () => {
      const seen = await answers(next, old);
      return seen === '202,401' ? undefined : `answers ${seen}`;
    });
    await mustPassSmokeTest();
  });
});
