import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { handle, missingPrincipals } from '../../../lib/constructs/principal-passwords.handler';

const manager = mockClient(SecretsManagerClient);
const client = new SecretsManagerClient({});
const secrets = [{ arn: 'arn:kafka', principals: ['admin', 'producer'] }];
const event = { RequestType: 'Create' as const, ResourceProperties: { Secrets: JSON.stringify(secrets) } };

let logged: string[];
beforeEach(() => {
  manager.reset();
  logged = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
});

it('knows who has no password', () => {
  expect(missingPrincipals({ admin: 'x', producer: '' }, ['admin', 'producer', 'processor'])).toEqual([
    'producer',
    'processor',
  ]);
});

it('adds what is missing, keeps what is there, and logs no value', async () => {
  manager.on(GetSecretValueCommand).resolves({ SecretString: '{"admin":"kept-value"}', VersionId: 'v1' });
  manager.on(GetRandomPasswordCommand).resolves({ RandomPassword: 'new-value' });
  manager.on(PutSecretValueCommand).resolves({ VersionId: 'v2' });
  expect(await handle(event, client)).toEqual({ PhysicalResourceId: 'principal-passwords', Data: { Versions: 'v2' } });
  expect(manager.commandCalls(PutSecretValueCommand)[0]?.args[0].input).toEqual({
    SecretId: 'arn:kafka',
    SecretString: '{"admin":"kept-value","producer":"new-value"}',
  });
  expect(logged.join()).not.toMatch(/value/);
});

it('reads of a secret without principals its version alone', async () => {
  manager.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] } });
  const Secrets = JSON.stringify([{ arn: 'arn:key', principals: [] }]);
  expect((await handle({ ...event, ResourceProperties: { Secrets } }, client)).Data).toEqual({ Versions: 'v2' });
  expect(manager.commandCalls(GetSecretValueCommand)).toHaveLength(0);
});

it('writes nothing when everybody has a password', async () => {
  manager.on(GetSecretValueCommand).resolves({ SecretString: '{"admin":"a","producer":"b"}', VersionId: 'v1' });
  expect((await handle(event, client)).Data).toEqual({ Versions: 'v1' });
  expect(manager.commandCalls(PutSecretValueCommand)).toHaveLength(0);
});

it('never writes an empty password', async () => {
  manager.on(GetSecretValueCommand).resolves({ SecretString: '{}', VersionId: 'v1' });
  manager.on(GetRandomPasswordCommand).resolves({});
  await expect(handle(event, client)).rejects.toThrow('no password was generated for admin of arn:kafka');
  expect(manager.commandCalls(PutSecretValueCommand)).toHaveLength(0);
});

it('has nothing to delete', async () => {
  await handle({ ...event, RequestType: 'Delete', PhysicalResourceId: 'p' }, client);
  expect(manager.calls()).toHaveLength(0);
});
