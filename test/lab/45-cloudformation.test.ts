/** CloudFormation in the lab refuses what AWS refuses; each rule by itself: `npm run test:emulator`. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { eventually } from './support/run';

jest.setTimeout(300_000);

const client = new CloudFormationClient({});
const suffix = Date.now();
const GROUP = `/lab-rules/${suffix}`;
const EXPORT = `lab-rules-${suffix}`;
const made: string[] = [];

const group = (name: string) => ({ Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: name } });
const topic = { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'rules of the lab' } };

const body = (resources: object, outputs: object = {}): string =>
  JSON.stringify({ Resources: resources, Outputs: outputs });
const exporting = (value: string): object => ({ Id: { Value: value, Export: { Name: EXPORT } } });

/** The stack's status once nothing is under way any more. */
async function settled(StackName: string): Promise<string> {
  let status = '';
  await eventually(`the operation at ${StackName}`, 60, async () => {
    const reply = await client.send(new DescribeStacksCommand({ StackName }));
    status = reply.Stacks![0]!.StackStatus!;
    return status.endsWith('_IN_PROGRESS') ? status : undefined;
  });
  return status;
}

async function create(name: string, TemplateBody: string): Promise<string> {
  const { StackId } = await client.send(new CreateStackCommand({ StackName: `lab-rules-${name}`, TemplateBody }));
  made.push(StackId!);
  return settled(StackId!);
}

async function reasons(StackName: string): Promise<string> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map(({ ResourceStatusReason = '' }) => ResourceStatusReason).join('\n');
}

// Importing stacks were made after the ones that they import from.
afterAll(async () => {
  for (const StackName of made.reverse()) {
    await client.send(new DeleteStackCommand({ StackName }));
    expect([StackName, await settled(StackName)]).toEqual([StackName, 'DELETE_COMPLETE']);
  }
});

test('a name that is taken fails the creation, after which the stack can only be deleted', async () => {
  expect(await create('one', body({ Group: group(GROUP) }))).toBe('CREATE_COMPLETE');
  expect(await create('two', body({ Group: group(GROUP), First: topic, Second: topic }))).toBe('ROLLBACK_COMPLETE');
  expect(await reasons('lab-rules-two')).toContain(`'AWS::Logs::LogGroup' with identifier '${GROUP}' already exists`);
  const again = client.send(
    new UpdateStackCommand({ StackName: 'lab-rules-two', TemplateBody: body({ First: topic }) }),
  );
  await expect(again).rejects.toThrow(/ROLLBACK_COMPLETE state/);
});

test('an export in use can be neither changed nor removed', async () => {
  expect(await create('exporting', body({ First: topic }, exporting('1')))).toBe('CREATE_COMPLETE');
  const imported = group(`${GROUP}/imported`);
  const importing = {
    ...imported,
    Properties: { ...imported.Properties, Tags: [{ Key: 'a', Value: { 'Fn::ImportValue': EXPORT } }] },
  };
  expect(await create('importing', body({ Group: importing }))).toBe('CREATE_COMPLETE');
  for (const outputs of [exporting('2'), {}]) {
    await client.send(
      new UpdateStackCommand({ StackName: 'lab-rules-exporting', TemplateBody: body({ First: topic }, outputs) }),
    );
    expect(await settled('lab-rules-exporting')).toBe('UPDATE_ROLLBACK_COMPLETE');
  }
  const told = await reasons('lab-rules-exporting');
  expect(told).toContain(`Export ${EXPORT} cannot be updated as it is in use by lab-rules-importing`);
  expect(told).toContain(`Export ${EXPORT} cannot be deleted as it is in use by lab-rules-importing`);
});

test('a secret that is scheduled for deletion holds its name', async () => {
  const secrets = new SecretsManagerClient({});
  const Name = `lab-rules/${suffix}`;
  await secrets.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
  await secrets.send(new DeleteSecretCommand({ SecretId: Name, RecoveryWindowInDays: 7 }));
  await expect(secrets.send(new CreateSecretCommand({ Name, SecretString: 'y' }))).rejects.toThrow(
    'already scheduled for deletion',
  );
  await secrets.send(new RestoreSecretCommand({ SecretId: Name }));
  await secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
});
