/**
 * Last: by now the other tests have made the calls that the product makes. Grants that only one of them needs count as not
 * exercised until it has passed on this lab.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { RecordedCall } from '../../lib/lab/gateway/authorization/recording';
import { GRANTS_OF_TESTS } from './support/grants-of-tests';
import { GRANTS_WITHOUT_CALLS } from './support/grants-without-calls';
import { iamReport } from './support/iam-report';
import { instanceOfSlot } from './support/instances';
import { nodeContainers, tryInNode } from './support/nodes';
import { hasPassedHere } from './support/passed-tests';
import { stage } from './support/secrets';
import { unexplained, unneededGrants } from './support/unneeded-grants';
import { volumeOfSlot } from './support/volumes';

jest.setTimeout(300_000);

/** Roles of the deployment; those of CDK's bootstrap are the deployer's. */
const OF_THE_PRODUCT = /^metals-/;
const WORKER = /RolesWorker/i;
const MANAGER = /RolesManager/i;
const ATTACH = 'ec2:AttachVolume';
const ENDPOINT = 'AWS_ENDPOINT_URL=http://127.0.0.1:4566';

const notExercised = GRANTS_OF_TESTS.filter(({ test: needed }) => !hasPassedHere(needed));

const aws = (node: string, ...args: string[]) =>
  tryInNode(node, ['env', ENDPOINT, `AWS_DEFAULT_REGION=${process.env.AWS_REGION}`, 'aws', ...args]);

/** A volume that is there, of the same stage: it holds every secret of the Swarm. */
const managersVolume = () => volumeOfSlot(stage(), 'manager-1');

/** A worker: a node that may not read the API key. */
async function worker(): Promise<string> {
  for (const node of await nodeContainers()) {
    const caller = await aws(node, 'sts', 'get-caller-identity', '--output', 'text', '--query', 'Arn');
    if (WORKER.test(caller.stdout)) return node;
  }
  throw new Error('no node of the lab has the role of workers');
}

test('the lab denies what the policies do not allow', async () => {
  expect((await iamReport()).mode).toBe('enforce');
});

test('grants were not in effect at once, and the product has waited for them', async () => {
  const { calls } = await iamReport();
  const early = calls.filter(({ decision }) => decision === 'not yet in effect');
  expect(early.length).toBeGreaterThan(0);
  const key = ({ roleName, action, resource }: RecordedCall) => [roleName, action, resource].join(' ');
  const allowed = new Set(calls.filter(({ decision }) => decision === 'allowed').map(key));
  expect(early.map(key).filter((call) => !allowed.has(call))).toEqual([]);
});

test('no call of the product was denied, or is one that the lab cannot judge', async () => {
  const { calls } = await iamReport();
  expect(calls.length).toBeGreaterThan(10);
  // What the last test tries, in an earlier run on the same lab. Volumes of managers that are gone are known by the boots
  // that attached them.
  const attached = calls.filter(
    ({ roleName, action, decision }) => MANAGER.test(roleName) && action === ATTACH && decision === 'allowed',
  );
  const ofManagers = [...attached.map(({ resource }) => resource), `/${(await managersVolume()).id}`];
  const tried = ({ roleName, action, resource }: RecordedCall) =>
    WORKER.test(roleName) &&
    (resource.includes('api-key') ||
      action === 'ssm:StartSession' ||
      (action === ATTACH && ofManagers.some((volume) => resource.endsWith(volume))));
  const refused = calls.filter((call) => !['allowed', 'not yet in effect'].includes(call.decision) && !tried(call));
  expect(refused).toEqual([]);
});

test('every grant was needed by a recorded call, or has a reason', async () => {
  const { calls, policies } = await iamReport();
  const roles = new Map(Object.entries(policies).filter(([name]) => OF_THE_PRODUCT.test(name)));
  const unneeded = await unneededGrants(roles, calls);
  expect(unexplained(unneeded, GRANTS_WITHOUT_CALLS, notExercised)).toEqual({ grants: [], reasons: [] });
});

// They show as skipped: the test above has not looked at them.
for (const { actions, test: needed } of notExercised)
  test.skip(`${actions.join(', ')}: not exercised, because "${needed.title}" (${needed.file}) has not passed on this lab`, () =>
    undefined);

test('a worker reads no secret, gets no volume of the manager’s and no session with it, and AWS’s words say so', async () => {
  const node = await worker();
  const secretId = 'metals/lab/api-key';
  const read = await aws(node, 'secretsmanager', 'get-secret-value', '--secret-id', secretId);
  expect(read.code).not.toBe(0);
  expect(read.stderr).toMatch(
    /\(AccessDeniedException\) when calling the GetSecretValue operation: User: arn:aws:sts::000000000000:assumed-role\/\S*Roles[Ww]orker\S*\/i-[0-9a-f]+ is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:\S*metals\/lab\/api-key-\S+ because no identity-based policy allows the secretsmanager:GetSecretValue action/,
  );
  const instanceId = /i-[0-9a-f]+/.exec(read.stderr)![0];
  const attach = await aws(
    ...([node, 'ec2', 'attach-volume', '--device', '/dev/sdf'] as const),
    ...['--volume-id', (await managersVolume()).id, '--instance-id', instanceId],
  );
  expect(attach.code).not.toBe(0);
  expect(attach.stderr).toMatch(
    /\(UnauthorizedOperation\) when calling the AttachVolume operation: You are not authorized/,
  );
  const { id } = await instanceOfSlot(stage(), 'manager-1');
  const session = await aws(node, 'ssm', 'start-session', '--target', id);
  expect(session.code).not.toBe(0);
  expect(session.stderr).toMatch(/\(AccessDeniedException\) when calling the StartSession operation: User: \S+ is not/);
  // The deployer may: a secret that is not there at all would be refused as well.
  const client = new SecretsManagerClient({});
  expect((await client.send(new GetSecretValueCommand({ SecretId: secretId }))).SecretString).toBeTruthy();
  client.destroy();
});
