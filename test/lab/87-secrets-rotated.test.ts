/** A secret that changes outside a deployment is taken up by the next one, and by any deployment of the stack. */
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretName } from '../../lib/contract';
import { lastParameters, mustRunDocument } from './support/commands';
import { inFullRun, mustPassSmokeTest } from './support/sequences';
import { produce } from './support/pipeline';
import { eventually, metals } from './support/run';
import { apiKey, stage } from './support/secrets';

jest.setTimeout(1_200_000);

const event = { metal: 'gold', price: 1, source: 'lab-rotation' };

test('a version that nobody has synced is brought into the Swarm before the stack names it', async () => {
  const client = new SecretsManagerClient({});
  // The same key as a new version: clients notice nothing.
  const SecretId = secretName(stage(), 'api-key');
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: await apiKey() }));
  await mustRunDocument('stack-deploy', 'manager-1', await lastParameters('stack-deploy'));
  await mustPassSmokeTest();
});

inFullRun('a new API key', () => {
  test('metals deploy makes it the one that is accepted, and the old one is refused', async () => {
    const old = await apiKey();
    const next = `rotated-${crypto.randomUUID()}`;
    const client = new SecretsManagerClient({});
    await client.send(new PutSecretValueCommand({ SecretId: secretName(stage(), 'api-key'), SecretString: next }));
    expect((await produce(event, next)).status).toBe(401);
    const result = await metals('deploy', '--yes');
    expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
    await eventually('the new key accepted and the old one refused', 60, async () => {
      const statuses = [(await produce(event, next)).status, (await produce(event, old)).status];
      return statuses.join() === '202,401' ? undefined : `answers ${statuses.join()}`;
    });
    await mustPassSmokeTest();
  });
});
