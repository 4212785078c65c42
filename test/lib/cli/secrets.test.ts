/** Rotation: in which order secrets change and the stack is deployed, and that the same command goes on after a failure. */
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import {
  DescribeAssociationCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListAssociationsCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ListDocumentsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { secretRows, versionsInUse } from '../../../lib/cli/commands/secrets-list';
import { rotateSecrets, type RotateOptions } from '../../../lib/cli/commands/secrets-rotate';
import { syncSecrets } from '../../../lib/cli/commands/secrets-sync';
import { readContext } from '../../../lib/cli/context';
import { chooseKeys, ofOwnEngines } from '../../../lib/cli/secret-keys';
import { parseRotated } from '../../../lib/cli/secrets-deployment';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const secrets = mockClient(SecretsManagerClient);

/** What was done, in order. */
let done: string[];
/** Which labels the versions of the API key have. */
let labels: Record<string, string[]>;

beforeEach(() => {
  ssm.reset();
  secrets.reset();
  done = [];
  io = fakeIo(LAB_ENV);
  labels = { 'version-1': ['AWSCURRENT'] };
  ssm.on(ListDocumentsCommand).resolves({ DocumentIdentifiers: [{ Name: 'metals-lab-stack-deploy' }] });
  ssm
    .on(DescribeInstanceInformationCommand)
    .resolves({ InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online' }] });
  ssm.on(ListAssociationsCommand).resolves({
    Associations: [
      { AssociationId: 'other', AssociationName: 'metals-lab-rejoin' },
      { AssociationId: 'a-1', AssociationName: 'metals-lab-secrets' },
    ],
  });
  ssm.on(DescribeAssociationCommand, { AssociationId: 'a-1' }).resolves({
    AssociationDescription: { Parameters: { BundleKey: ['bundle'], OnlyWhen: ['secrets-changed'] } },
  });
  ssm.on(SendCommandCommand).callsFake(({ DocumentName, Parameters, InstanceIds }) => {
    done.push(`${DocumentName} ${Parameters.BundleKey} ${Parameters.OnlyWhen} on ${InstanceIds}`);
    return { Command: { CommandId: 'c-1', TargetCount: 1 } };
  });
  secrets.on(DescribeSecretCommand).callsFake(() => ({ VersionIdsToStages: labels }));
  secrets.on(GetRandomPasswordCommand).resolves({ RandomPassword: 'new-value' });
  secrets.on(GetSecretValueCommand).resolves({ SecretString: '{"admin":"a","producer":"p","processor":"q"}' });
  secrets.on(PutSecretValueCommand).callsFake(({ SecretId, SecretString, VersionStages }) => {
    done.push(`put ${SecretId} ${VersionStages} ${SecretString}`);
    if (VersionStages[0] === 'AWSPENDING') labels['version-2'] = ['AWSPENDING'];
    return { VersionId: 'version-2' };
  });
  secrets.on(UpdateSecretVersionStageCommand).callsFake(({ VersionStage, MoveToVersionId, RemoveFromVersionId }) => {
    done.push(`${VersionStage} from ${RemoveFromVersionId} to ${MoveToVersionId}`);
    labels = { 'version-1': ['AWSPREVIOUS'], 'version-2': ['AWSCURRENT'] };
    return {};
  });
  answers('Success', ['{"rotated":[]}']);
});

/** One answer for each run of the document; the last one for all that follow. */
function answers(Status: 'Success' | 'Failed', outputs: readonly string[], StandardErrorContent = ''): void {
  ssm.on(ListCommandsCommand).resolves({ Commands: [{ Status }] });
  ssm
    .on(ListCommandInvocationsCommand)
    .resolves({ CommandInvocations: [{ CommandId: 'c-1', InstanceId: 'i-1', Status }] });
  let runs = 0;
  ssm.on(GetCommandInvocationCommand).callsFake(() => ({
    ResponseCode: Status === 'Success' ? 0 : 1,
    StandardOutputContent: outputs[Math.min(runs++, outputs.length - 1)],
    StandardErrorContent,
  }));
}

let io = fakeIo(LAB_ENV);
const context = () => readContext({ color: false, json: true }, io, new AbortController().signal, {});
const rotate = (options: Partial<RotateOptions>): Promise<number> =>
  rotateSecrets(context(), { names: ['api-key'], yes: true, grace: '0', ...options });

const DEPLOY = 'metals-lab-stack-deploy bundle secrets-changed on i-1';
const PENDING = 'put metals/lab/api-key AWSPENDING new-value';
const PROMOTED = ['AWSCURRENT from version-1 to version-2', 'AWSPENDING from version-2 to undefined'];

describe('which secrets', () => {
  it('is an error with all names where there is no such one', () => {
    expect(() => chooseKeys(['api-key', 'kafka-password/nobody'], 'it failed')).toThrow(
      'there is no secret kafka-password/nobody; there are: mongodb-password/admin, mongodb-password/processor, ' +
        'kafka-password/admin, kafka-password/producer, kafka-password/processor, api-key',
    );
  });

  it('are those for which nothing restarts, unless they are named', () => {
    const names = (...chosen: string[]): string[] => chooseKeys(chosen, '').map(({ name }) => name);
    expect(names()).toEqual([
      'mongodb-password/processor',
      'kafka-password/producer',
      'kafka-password/processor',
      'api-key',
    ]);
    expect(names('mongodb-password')).toEqual(['mongodb-password/admin', 'mongodb-password/processor']);
    expect(names('kafka-password/admin')).toEqual(['kafka-password/admin']);
  });
});

describe('with engines of somebody else', () => {
  const IMAGES = 'edge=r/e:1,producer=r/p:1';
  const own = (names: string[], images: string | undefined) =>
    ofOwnEngines(chooseKeys(names, 'it failed'), images, names.length > 0, 'lab', 'it failed').map(({ name }) => name);

  it('the passwords of their users are left out', () => {
    expect(own([], IMAGES)).toEqual(['api-key']);
    expect(own([], `${IMAGES},mongodb=r/m:1`)).toEqual(['mongodb-password/processor', 'api-key']);
    expect(own([], undefined)).toHaveLength(4);
  });

  it('one of these that is named is an error that says where its login is', () => {
    expect(() => own(['kafka-password/producer'], IMAGES)).toThrow(
      'kafka-password/producer is not in use: that engine is an external one, and its login is in metals/lab/kafka-login',
    );
  });
});

describe('nothing is changed', () => {
  afterEach(() => expect(done).toEqual([]));

  it('where nobody can answer', async () => {
    await expect(rotate({ yes: false })).rejects.toThrow('stdin is not a terminal');
  });
  it('with a grace that is no duration', async () => {
    await expect(rotate({ grace: 'soon' })).rejects.toThrow('--grace: got "soon", expected a duration');
  });
  it('by a stage that was deployed before there were rotations', async () => {
    ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
    await expect(rotate({})).rejects.toThrow('was deployed by a version that cannot bring secrets to it');
  });
  it('where Secrets Manager rotates by itself', async () => {
    secrets.on(DescribeSecretCommand).resolves({ RotationEnabled: true });
    await expect(rotate({})).rejects.toThrow('Secrets Manager rotates api-key by itself');
  });
});

describe('the API key', () => {
  it('becomes current once the stack accepts it, and the old one is refused once it has', async () => {
    expect(await rotate({})).toBe(0);
    expect(done).toEqual([DEPLOY, PENDING, DEPLOY, ...PROMOTED, DEPLOY]);
  });

  it.each([
    ['its first deployment fails', 1],
    ['the one that lets both in fails', 2],
  ])('stays as it is when %s', async (_, failing) => {
    answers('Success', ['{"rotated":[]}']);
    let sent = 0;
    ssm.on(ListCommandsCommand).callsFake(() => ({ Commands: [{ Status: ++sent < failing ? 'Success' : 'Failed' }] }));
    await expect(rotate({})).rejects.toMatchObject({
      what: 'the secrets were not rotated',
      next: ['./bin/metals status', './bin/metals secrets rotate api-key    # goes on where it stopped'],
    });
    expect(done).not.toContain(PROMOTED[0]);
  });

  it('waits for a deployment that is under way: one that was killed here goes on there', async () => {
    answers('Failed', [''], 'error: another deployment is under way: stack-deploy on manager-1 (i-1), command c-9');
    let runs = 0;
    ssm.on(SendCommandCommand).callsFake(({ DocumentName, Parameters, InstanceIds }) => {
      done.push(`${DocumentName} ${Parameters.BundleKey} ${Parameters.OnlyWhen} on ${InstanceIds}`);
      if (++runs === 3) answers('Success', ['{"rotated":["api-key"]}']);
      return { Command: { CommandId: 'c-1', TargetCount: 1 } };
    });
    expect(await rotate({})).toBe(0);
    expect(done).toEqual([DEPLOY, DEPLOY, DEPLOY]);
    expect(io.err().match(/waiting for its end/g)).toHaveLength(2);
  });

  it('does not become current where another rotation has put one in its place', async () => {
    secrets.on(PutSecretValueCommand).callsFake(() => {
      labels['version-3'] = ['AWSPENDING'];
      return { VersionId: 'version-2' };
    });
    await expect(rotate({})).rejects.toMatchObject({
      code: 'refused',
      why: 'another rotation has replaced the API key that was pending: the one that is current stays so',
    });
    expect(done).not.toContain(PROMOTED[0]);
  });

  it('does not become current where the Swarm serves something else', async () => {
    answers('Success', ['{"rotated":[]}', '{"rotated":[],"left":"01234567"}']);
    await expect(rotate({})).rejects.toMatchObject({
      code: 'refused',
      why: expect.stringContaining('the Swarm serves another version than was deployed last (01234567)'),
    });
    expect(done).not.toContain(PROMOTED[0]);
  });

  it('is brought by what was deployed last when a deployment that was waited for has ended', async () => {
    answers('Failed', [''], 'error: another deployment is under way: stack-deploy on manager-1 (i-1), command c-9');
    ssm.on(SendCommandCommand).callsFake(({ Parameters }) => {
      done.push(`deploy ${Parameters.BundleKey}`);
      ssm.on(DescribeAssociationCommand).resolves({ AssociationDescription: { Parameters: { BundleKey: ['newer'] } } });
      if (done.length === 2) answers('Success', ['{"rotated":["api-key"]}']);
      return { Command: { CommandId: 'c-1', TargetCount: 1 } };
    });
    expect(await rotate({})).toBe(0);
    expect(done).toEqual(['deploy bundle', 'deploy newer']);
  });

  it('that is pending becomes current, and no other is made', async () => {
    labels = { 'version-1': ['AWSCURRENT'], 'version-2': ['AWSPENDING'] };
    answers('Success', ['{"rotated":["api-key"]}']);
    await rotate({});
    expect(done).toEqual([DEPLOY, ...PROMOTED, DEPLOY]);
  });

  it('that is current but not everywhere is brought there, and no other is made', async () => {
    labels = { 'version-1': ['AWSPREVIOUS'], 'version-2': ['AWSCURRENT'] };
    answers('Success', ['{"rotated":["api-key"]}']);
    await rotate({});
    expect(done).toEqual([DEPLOY]);
    expect(parseBySchema('secrets rotate', io.out())).toMatchObject({ resumed: ['api-key'] });
  });

  it('that has kept the label of a pending one is not pending', async () => {
    labels = { 'version-1': ['AWSCURRENT', 'AWSPENDING'] };
    await rotate({});
    expect(done).toEqual([DEPLOY, PENDING, DEPLOY, ...PROMOTED, DEPLOY]);
  });
});

describe('passwords', () => {
  it('are current at once, and those of other principals stay', async () => {
    await rotate({ names: ['kafka-password/producer'] });
    expect(done).toEqual([
      DEPLOY,
      'put metals/lab/kafka-password AWSCURRENT {"admin":"a","producer":"new-value","processor":"q"}',
      DEPLOY,
    ]);
  });

  it('are made for those alone that were not under way', async () => {
    answers('Success', ['{"rotated":["kafka-password-producer"]}', '{"rotated":["kafka-password-processor"]}']);
    await rotate({ names: ['kafka-password/producer', 'kafka-password/processor'] });
    expect(done).toEqual([
      DEPLOY,
      'put metals/lab/kafka-password AWSCURRENT {"admin":"a","producer":"p","processor":"new-value"}',
      DEPLOY,
    ]);
  });
});

describe('values that were changed elsewhere', () => {
  const said = (): unknown => parseBySchema('secrets sync', io.out());

  test('are brought to the Swarm, and nothing is changed in Secrets Manager', async () => {
    answers('Success', ['{"rotated":["api-key"]}']);
    await expect(syncSecrets(context())).resolves.toBe(0);
    expect(said()).toEqual({ stage: 'lab', synced: ['api-key'] });
    expect(done).toEqual([DEPLOY]);
  });

  test('that the Swarm has already are no change', async () => {
    await expect(syncSecrets(context())).resolves.toBe(0);
    expect(said()).toEqual({ stage: 'lab', synced: [] });
  });

  test('are not called there where the Swarm serves something else', async () => {
    answers('Success', ['{"rotated":[],"left":"nothing"}']);
    await expect(syncSecrets(context())).rejects.toMatchObject({ code: 'refused' });
  });

  test('a failure names the cause and the same command', async () => {
    answers('Failed', [''], 'error: MongoDB is not healthy');
    await expect(syncSecrets(context())).rejects.toMatchObject({
      what: 'the secrets were not brought to the Swarm',
      why: expect.stringContaining('MongoDB is not healthy'),
      next: ['./bin/metals status', './bin/metals secrets sync    # goes on where it stopped'],
    });
  });
});

test('an output without the last line is an error', () => {
  expect(() => parseRotated('producer 1/2 (500 s left)\n')).toThrow('did not say which secrets it has changed');
  expect(parseRotated('producer 1/2\n{"rotated":["api-key"]}\n')).toEqual({ rotated: ['api-key'] });
});

test('the list shows versions as Docker names end with them, and no value', () => {
  const changedAt = new Date(0);
  const [, row] = secretRows(
    [
      {
        secret: 'api-key',
        current: '0123456789ab',
        inUse: ['01234567'],
        previous: undefined,
        pending: undefined,
        rotatesItself: false,
        changedAt,
      },
    ],
    3 * 86_400_000,
  );
  expect(row).toEqual(['api-key', '01234567', '01234567', '', '', '3 days ago', 'metals secrets rotate']);
});

test('of several principals in one secret, each may have another version in use', () => {
  const names = ['api-key-01234567', 'kafka-password-admin-01234567', 'kafka-password-producer-89abcdef'];
  expect(versionsInUse('kafka-password', names)).toEqual(['01234567', '89abcdef']);
  expect(versionsInUse('mongodb-password', names)).toEqual([]);
});
