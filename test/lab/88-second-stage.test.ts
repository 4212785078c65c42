/** The first moments of a deployment, in a stage beside the one that runs: volumes are empty, and nothing has a name yet. */
import { CloudWatchLogsClient, DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateDocumentCommand, DeleteDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import { documentLogGroup, documentName, secretName } from '../../lib/contract';
import { iamReport } from './support/iam-report';
import { bootLog, instanceOfSlot, instancesOf, replaceInstance, replacementOf } from './support/instances';
import { inNode } from './support/nodes';
import { metals } from './support/run';
import { deploySecond, destroySecond, mustDeployNodes, SECOND_STAGE } from './support/second-stage';
import { inFullRun } from './support/sequences';
import { withoutFailure } from './support/steady-load';
import { mustHaveFileSystem, testOnVolumes, volumeOfSlot } from './support/volumes';

jest.setTimeout(1_500_000);

const EVENTS_PER_SECOND = 50;
const LARGER_GIB = 21;
/**
 * Settings of a node that cannot boot: a volume that is not there, soon given up. Elsewhere than where one is mounted,
 * which would be taken for it.
 */
const BROKEN = [
  'METALS_DATA_ROOT=/mnt/nowhere',
  'METALS_DATA_VOLUME_ID=vol-00000000000000000',
  'METALS_VOLUME_TIMEOUT_SECONDS=5',
];
/** Four attempts with half a minute in between, the end of the instance, and the boot of the next. */
const BROKEN_SECONDS = 600;

inFullRun('the nodes of a first deployment', () => {
  let boots = '';
  // The stage that runs does not notice that another one comes and goes.
  beforeAll(() => withoutFailure(EVENTS_PER_SECOND, async () => void (boots = await mustDeployNodes())));
  afterAll(async () => {
    await withoutFailure(EVENTS_PER_SECOND, () => destroySecond());
    const { code, stderr } = await metals('status');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  });

  test('boot at the first attempt', () => expect(boots).not.toContain('boot: error'));

  test('are replaced by nodes that do so too', async () => {
    const replacement = await replaceInstance(SECOND_STAGE, 'worker-1');
    const said = await bootLog(replacement);
    expect(said).toContain('is ready');
    expect(said).not.toMatch(/exit code|boot: error/);
  });

  testOnVolumes('have larger file systems after a deployment that only enlarges their volumes', async () => {
    const before = await instancesOf(SECOND_STAGE);
    await mustDeployNodes({ dataVolumeGiB: LARGER_GIB });
    const after = await instancesOf(SECOND_STAGE);
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
    for (const { slot } of after) {
      expect([slot, (await volumeOfSlot(SECOND_STAGE, slot)).sizeGiB]).toEqual([slot, LARGER_GIB]);
      await mustHaveFileSystem(SECOND_STAGE, slot, LARGER_GIB);
    }
  });

  test('whose boot fails for good say so to their group, which replaces them', async () => {
    const broken = await instanceOfSlot(SECOND_STAGE, 'worker-1');
    await inNode(broken.container, ['tee', '--append', '/etc/metals/node.env'], `${BROKEN.join('\n')}\n`);
    await inNode(broken.container, ['systemctl', '--no-block', 'restart', 'metals-boot.service']);
    const replacement = await replacementOf(SECOND_STAGE, broken, BROKEN_SECONDS);
    expect(await bootLog(replacement)).toContain('is ready');
    // Terminated instances are replaced as well: this one was called unhealthy, by itself.
    const { calls } = await iamReport();
    const own = calls.filter(({ principal }) => principal.endsWith(`/${broken.id}`));
    const called = own.filter(({ action }) => action === 'autoscaling:SetInstanceHealth');
    expect(called.map(({ decision }) => decision)).toEqual(['allowed']);
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
