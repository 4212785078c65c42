/** The first moments of a deployment, in a stage beside the one that runs: volumes are empty, and nothing has a name yet. */
import { CloudWatchLogsClient, DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateDocumentCommand, DeleteDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import { documentLogGroup, documentName, secretName } from '../../lib/contract';
import { bootLog, replaceInstance } from './support/instances';
import { deploySecond, destroySecond, mustDeployNodes, SECOND_STAGE } from './support/second-stage';
import { inFullRun } from './support/sequences';

jest.setTimeout(1_500_000);

inFullRun('the nodes of a first deployment', () => {
  let boots = '';
  beforeAll(async () => (boots = await mustDeployNodes()));
  afterAll(() => destroySecond());

  test('boot at the first attempt', () => expect(boots).not.toContain('boot: error'));

  test('are replaced by nodes that do so too', async () => {
    const replacement = await replaceInstance(SECOND_STAGE, 'worker-1');
    const said = await bootLog(replacement);
    expect(said).toContain('is ready');
    expect(said).not.toMatch(/exit code|error/);
  });
});

inFullRun('a first deployment that has failed', () => {
  const ssm = new SSMClient({});
  const logs = new CloudWatchLogsClient({});
  const secrets = new SecretsManagerClient({});
  const Name = documentName(SECOND_STAGE, 'stack-status');
  const SecretId = secretName(SECOND_STAGE, 'mongodb-password');
  const logGroupName = documentLogGroup(SECOND_STAGE);

  const logGroupNames = async (): Promise<(string | undefined)[]> => {
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    return (logGroups ?? []).map((group) => group.logGroupName);
  };

  afterAll(async () => {
    await destroySecond();
    // What this test is about: without the defect there is none.
    await logs.send(new DeleteLogGroupCommand({ logGroupName })).catch((error: Error) => {
      if (error.name !== 'ResourceNotFoundException') throw error;
    });
  });

  test('leaves nothing that refuses the next one, of its data', async () => {
    await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'no passwords by name' }));
    const failed = await deploySecond('data');
    await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    expect(`${failed.stdout}${failed.stderr}`).toContain(SecretId);
    expect(failed.code).not.toBe(0);
    const next = await deploySecond('data');
    expect([next.code, next.code === 0 ? '' : next.stderr]).toEqual([0, '']);
  });

  test('leaves what its documents said, and nothing that refuses the next one, of its nodes', async () => {
    const step = { action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['true'] } };
    const Content = JSON.stringify({ schemaVersion: '2.2', mainSteps: [step] });
    await ssm.send(new CreateDocumentCommand({ Name, Content, DocumentType: 'Command', DocumentFormat: 'JSON' }));
    const failed = await deploySecond('swarm');
    await ssm.send(new DeleteDocumentCommand({ Name }));
    expect(`${failed.stdout}${failed.stderr}`).toContain(Name);
    expect(failed.code).not.toBe(0);
    expect(await logGroupNames()).toEqual([logGroupName]);
    await mustDeployNodes();
  });
});

inFullRun('the data of a first deployment', () => {
  afterAll(() => destroySecond());

  test('comes up whoever makes the log of a function first', async () => {
    const result = await deploySecond('data');
    expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
  });
});

inFullRun('a worker less', () => {
  afterAll(() => destroySecond());

  test('can leave while the stack of the nodes still names what it had', async () => {
    await mustDeployNodes({ workers: 2 });
    const result = await deploySecond('data', { workers: 1 }, '--exclusively');
    expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
  });
});
