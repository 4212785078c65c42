/** Each node may do what its boot and its documents do: asked with the node's own credentials, in the lab's own words. */
// After 95-iam, for which these calls would count as the product's own.
import { parameterPath, SECRETS, type SecretId, secretName } from '../../lib/contract';
import { lastParameters } from './support/commands';
import { instanceOfSlot, instancesOf } from './support/instances';
import { tryInNode } from './support/nodes';
import { stage } from './support/secrets';

jest.setTimeout(120_000);

/** A call by the AWS CLI in the node of a slot. */
async function asNode(slot: string, ...args: string[]): Promise<string> {
  const { container } = await instanceOfSlot(stage(), slot);
  const environment = ['AWS_ENDPOINT_URL=http://127.0.0.1:4566', `AWS_DEFAULT_REGION=${process.env.AWS_REGION}`];
  const result = await tryInNode(container, ['env', ...environment, 'aws', ...args, '--output', 'text']);
  if (result.code !== 0) throw new Error(`${slot}: ${result.stderr.trim()}`);
  return result.stdout.trim();
}

const slots = async (role = ''): Promise<string[]> =>
  (await instancesOf(stage())).map(({ slot }) => slot).filter((slot) => slot.startsWith(role));

// Policies that were changed a moment ago count after up to 8 s.
beforeAll(() => new Promise((resolve) => setTimeout(resolve, 10_000)));

test('a worker reads the token that it joins by', async () => {
  for (const slot of await slots('worker')) {
    const name = ['--name', parameterPath(stage(), 'worker-token')];
    expect(await asNode(slot, 'ssm', 'get-parameter', ...name, '--query', 'Parameter.Type')).toBe('SecureString');
  }
});

test('a manager reads the secrets', async () => {
  for (const id of Object.keys(SECRETS) as SecretId[]) {
    const secret = ['--secret-id', secretName(stage(), id), '--query', 'Name'];
    expect(await asNode('manager-1', 'secretsmanager', 'get-secret-value', ...secret)).toBe(secretName(stage(), id));
  }
});

test('a manager reads the bundle', async () => {
  const { BundleBucket, BundleKey } = await lastParameters('stack-deploy');
  const object = ['--bucket', BundleBucket!, '--key', BundleKey!, '--query', 'ContentLength', '/dev/null'];
  expect(Number(await asNode('manager-1', 's3api', 'get-object', ...object))).toBeGreaterThan(0);
});

test('a node logs in to the registry', async () => {
  for (const slot of await slots()) {
    const query = ['--query', 'authorizationData[0].proxyEndpoint'];
    expect(await asNode(slot, 'ecr', 'get-authorization-token', ...query)).toMatch(/^https?:\/\//);
  }
});

test('a node sees whether its volume is free', async () => {
  for (const slot of await slots()) {
    const volume = ['--filters', `Name=tag:metals:slot,Values=${slot}`, '--query', 'Volumes[].State'];
    expect(await asNode(slot, 'ec2', 'describe-volumes', ...volume)).toContain('in-use');
  }
});
