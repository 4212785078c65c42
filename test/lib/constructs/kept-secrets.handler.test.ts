import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import type { KeptDataEvent } from '../../../lib/constructs/kept-data';
import { handle, missingPrincipals, type SecretProperties } from '../../../lib/constructs/kept-secrets.handler';

const manager = mockClient(SecretsManagerClient);
const client = new SecretsManagerClient({});
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:metals/prod/kafka-password-AbCdEf';
const TAGS = [{ Key: 'metals:stage', Value: 'prod' }];

const event = (
  properties: Partial<SecretProperties> = {},
  changes: Partial<KeptDataEvent<SecretProperties>> = {},
): KeptDataEvent<SecretProperties> => ({
  RequestType: 'Create',
  StackId: 'arn:stack',
  ResourceProperties: {
    Name: 'metals/prod/kafka-password',
    Description: 'about it',
    Stage: 'prod',
    Principals: 'admin,producer',
    OnDelete: 'keep',
    ...properties,
  },
  ...changes,
});

const exists = new ResourceExistsException({
  $metadata: {},
  message: 'The operation failed because the secret metals/prod/kafka-password already exists.',
});
const scheduled = new InvalidRequestException({
  $metadata: {},
  message: "You can't create this secret because a secret with this name is already scheduled for deletion.",
});

let logged: string[];
beforeEach(() => {
  manager.reset();
  logged = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
  let made = 0;
  manager.on(GetRandomPasswordCommand).callsFake(() => ({ RandomPassword: `new-value-${++made}` }));
});
afterEach(() => expect(logged.join()).not.toMatch(/value/));

/** A secret of that name is there, with this value. */
function given(error: Error, value: string): void {
  manager.on(CreateSecretCommand).rejects(error);
  manager.on(DescribeSecretCommand).resolves({
    ARN,
    DeletedDate: error === scheduled ? new Date() : undefined,
    VersionIdsToStages: { v0: ['AWSPREVIOUS'], v1: ['AWSCURRENT'] },
  });
  manager.on(GetSecretValueCommand).resolves({ SecretString: value, VersionId: 'v1' });
  manager.on(PutSecretValueCommand).resolves({ VersionId: 'v2' });
}

const inputs = (command: Parameters<typeof manager.commandCalls>[0]) =>
  manager.commandCalls(command).map(({ args }) => args[0].input);

it('knows who has no password', () => {
  expect(missingPrincipals({ admin: 'x', producer: '' }, ['admin', 'producer', 'processor'])).toEqual([
    'producer',
    'processor',
  ]);
});

describe('a name that is free', () => {
  beforeEach(() => manager.on(CreateSecretCommand).resolves({ ARN, VersionId: 'v1' }));

  it('gets a secret with a password for each principal', async () => {
    expect(await handle(event(), client)).toEqual({ PhysicalResourceId: ARN, Data: { Version: 'v1' } });
    expect(inputs(CreateSecretCommand)).toEqual([
      {
        Name: 'metals/prod/kafka-password',
        Description: 'about it',
        SecretString: '{"admin":"new-value-1","producer":"new-value-2"}',
        Tags: TAGS,
      },
    ]);
    // IAM knows no ARN of a secret that does not exist: a look at it would be denied.
    expect(manager.commandCalls(DescribeSecretCommand)).toHaveLength(0);
  });

  it('gets the tags of the configuration', async () => {
    await handle(event({ Tags: { team: 'metals' } }), client);
    expect(inputs(CreateSecretCommand)).toMatchObject([{ Tags: [...TAGS, { Key: 'team', Value: 'metals' }] }]);
  });

  it('gets a plain value without principals', async () => {
    await handle(event({ Principals: '' }), client);
    expect(inputs(CreateSecretCommand)).toMatchObject([{ SecretString: 'new-value-1' }]);
  });

  it('never gets an empty password', async () => {
    manager.on(GetRandomPasswordCommand).resolves({});
    await expect(handle(event(), client)).rejects.toThrow(
      'metals/prod/kafka-password: no password was generated for admin',
    );
    expect(manager.commandCalls(CreateSecretCommand)).toHaveLength(0);
  });
});

describe('a name that is taken', () => {
  it('keeps the secret and its value', async () => {
    given(exists, '{"admin":"kept-value","producer":"kept-value"}');
    expect(await handle(event(), client)).toEqual({ PhysicalResourceId: ARN, Data: { Version: 'v1' } });
    expect(inputs(TagResourceCommand)).toEqual([{ SecretId: ARN, Tags: TAGS }]);
    for (const command of [PutSecretValueCommand, RestoreSecretCommand]) {
      expect(manager.commandCalls(command as typeof PutSecretValueCommand)).toHaveLength(0);
    }
  });

  it('adds what is missing to it', async () => {
    given(exists, '{"admin":"kept-value"}');
    expect((await handle(event({}, { RequestType: 'Update', PhysicalResourceId: ARN }), client)).Data).toEqual({
      Version: 'v2',
    });
    expect(inputs(PutSecretValueCommand)).toMatchObject([{ SecretId: ARN }]);
    const { SecretString } = inputs(PutSecretValueCommand)[0] as { SecretString: string };
    expect(JSON.parse(SecretString)).toEqual({
      admin: 'kept-value',
      producer: expect.stringMatching(/^new-value-\d$/),
    });
  });

  it('takes a secret back that is scheduled for deletion', async () => {
    given(scheduled, '{"admin":"kept-value","producer":"kept-value"}');
    expect(await handle(event(), client)).toEqual({ PhysicalResourceId: ARN, Data: { Version: 'v1' } });
    expect(inputs(RestoreSecretCommand)).toEqual([{ SecretId: ARN }]);
    // Nothing else is allowed before.
    const order = manager.calls().map(({ args }) => args[0].constructor.name);
    expect(order.indexOf('RestoreSecretCommand')).toBeLessThan(order.indexOf('TagResourceCommand'));
  });

  it('reads of a secret without principals its version alone', async () => {
    given(exists, 'kept-value');
    expect((await handle(event({ Principals: '' }), client)).Data).toEqual({ Version: 'v1' });
    expect(manager.commandCalls(GetSecretValueCommand)).toHaveLength(0);
  });

  it.each(['kept-value', '["kept-value"]'])('does not tell the value %s that it cannot read', async (value) => {
    given(exists, value);
    const error: Error = await handle(event(), client).catch((thrown) => thrown);
    expect(error.message).toContain('holds no JSON object of passwords by principal');
    expect(error.message + error.stack).not.toMatch(/kept/);
  });

  it('says how a secret without a value gets one', async () => {
    given(exists, '');
    manager.on(DescribeSecretCommand).resolves({ ARN });
    await expect(handle(event({ Principals: '' }), client)).rejects.toThrow(
      `${ARN} has no value; give it one: aws secretsmanager put-secret-value --secret-id ${ARN}`,
    );
  });
});

it('passes on why a secret is refused for another reason', async () => {
  manager.on(CreateSecretCommand).rejects(new InvalidRequestException({ $metadata: {}, message: 'no such key' }));
  await expect(handle(event(), client)).rejects.toThrow('metals/prod/kafka-password: no such key');
  expect(manager.commandCalls(DescribeSecretCommand)).toHaveLength(0);
});

describe('deletion', () => {
  const gone = { RequestType: 'Delete', PhysicalResourceId: ARN } as const;

  it('leaves the secret where data is kept', async () => {
    expect(await handle(event({}, gone), client)).toEqual({ PhysicalResourceId: ARN });
    expect(manager.calls()).toHaveLength(0);
  });

  it('deletes it where data is not, so that the name is free at once', async () => {
    await handle(event({ OnDelete: 'delete' }, gone), client);
    expect(inputs(DeleteSecretCommand)).toEqual([{ SecretId: ARN, ForceDeleteWithoutRecovery: true }]);
  });

  it('succeeds when it is gone already, and only then', async () => {
    manager.on(DeleteSecretCommand).rejects(new ResourceNotFoundException({ $metadata: {}, message: 'none' }));
    await handle(event({ OnDelete: 'delete' }, gone), client);
    manager.on(DeleteSecretCommand).rejects(new Error('denied'));
    await expect(handle(event({ OnDelete: 'delete' }, gone), client)).rejects.toThrow('denied');
  });
});
