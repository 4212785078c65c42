/** Everything is destroyed and deployed again, last of all: with the data kept and found, and under another name. */
import {
  CloudFormationClient,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { cloudFormationStackName, secretName, STACKS, TAG } from '../../lib/contract';
import { instanceOfSlot } from './support/instances';
import { parseBySchema } from '../lib/cli/schemas';
import { inNode } from './support/nodes';
import { connectPrices, produce } from './support/pipeline';
import { deploy, destroy, inFullRun, mustDeploy, mustDestroy, mustPassSmokeTest } from './support/sequences';
import { eventually, metals } from './support/run';
import { apiKey, stage } from './support/secrets';

jest.setTimeout(3_600_000);

/** 94-volumes has enlarged a volume, and a volume cannot shrink. */
const ENLARGED = { dataVolumeGiB: 21 };
const KEPT = { dataRemoval: 'retain', ...ENLARGED };
const RENAMED = { stage: 'renamed', vpcCidr: '10.41.0.0/16' };

/** The stage's data volumes. */
async function volumes(): Promise<string[]> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage()] },
    { Name: 'tag-key', Values: [TAG.slot] },
  ];
  const { Volumes = [] } = await new EC2Client({}).send(new DescribeVolumesCommand({ Filters }));
  return Volumes.map(({ VolumeId }) => VolumeId!).sort();
}

async function secretNames(): Promise<string[]> {
  const reply = await new SecretsManagerClient({}).send(new ListSecretsCommand({}));
  return (reply.SecretList ?? []).map(({ Name }) => Name!);
}

const cloudFormation = new CloudFormationClient({});

/** The stage's stacks that are there. */
async function stacks(): Promise<string[]> {
  const names = STACKS.map((id) => cloudFormationStackName(stage(), id));
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
  return names.filter((name) =>
    Stacks.some(({ StackName, StackStatus }) => StackName === name && StackStatus !== 'DELETE_COMPLETE'),
  );
}

/** What `metals destroy` says, by its fates: `volume manager-1`. */
async function fatesOf(...options: string[]): Promise<Record<string, string[]>> {
  const result = await metals('destroy', '--json', ...options);
  expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
  const { items } = parseBySchema('destroy', result.stdout) as { items: { kind: string; id: string; fate: string }[] };
  const fates: Record<string, string[]> = { removed: [], lost: [], stays: [] };
  // Lambda makes log groups for functions of the CDK, which no stack owns.
  for (const { kind, id, fate } of items) if (kind !== 'log group of a function') fates[fate]!.push(`${kind} ${id}`);
  return fates;
}

test('metals destroy says what would go and what would be lost, and needs a name or --yes', async () => {
  const { removed, lost, stays } = await fatesOf('--dry-run');
  expect(removed).toEqual(expect.arrayContaining(STACKS.map((id) => `stack ${cloudFormationStackName(stage(), id)}`)));
  const ids = await volumes();
  expect(lost).toEqual(expect.arrayContaining(ids.map((id) => `volume ${id}`)));
  expect(lost).toContain(`secret ${secretName(stage(), 'api-key')}`);
  expect(stays).toEqual([]);
  const unasked = await metals('destroy');
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('[unconfirmed]')]);
  expect(await stacks()).toHaveLength(STACKS.length);
});

inFullRun('destroyed with its data kept', () => {
  const source = `lab-kept-${Date.now()}`;
  let key: string;
  let kept: string[];

  const stored = async (): Promise<number> => {
    const prices = await connectPrices();
    try {
      return await prices.collection.countDocuments({ source });
    } finally {
      await prices.close();
    }
  };

  test('volumes and secrets outlive the stacks', async () => {
    key = await apiKey();
    await mustDeploy(KEPT);
    expect((await produce({ metal: 'gold', price: 1, source }, key)).status).toBe(202);
    await eventually('the event in MongoDB', 60, async () => ((await stored()) === 1 ? undefined : 'not yet'));
    kept = await volumes();
    expect(kept).toHaveLength(3);
    const { lost, stays } = await fatesOf('--dry-run');
    expect(lost!.filter((item) => !item.startsWith('log group'))).toEqual([]);
    expect(stays).toEqual(expect.arrayContaining(kept.map((id) => `volume ${id}`)));
    const destroyed = await destroy(KEPT);
    const data = cloudFormationStackName(stage(), 'data');
    expect([destroyed.code, destroyed.stderr]).toEqual([
      1,
      expect.stringMatching(/stack\/\S+ cannot be deleted while TerminationProtection is enabled/),
    ]);
    expect(await stacks()).toEqual([data]);
    await cloudFormation.send(
      new UpdateTerminationProtectionCommand({ StackName: data, EnableTerminationProtection: false }),
    );
    await mustDestroy(KEPT);
    expect(await stacks()).toEqual([]);
    await mustDestroy(KEPT);
    expect(await volumes()).toEqual(kept);
    expect(await secretNames()).toContain(secretName(stage(), 'api-key'));
  });

  test('the next deployment finds them: the same volumes, key and event', async () => {
    await mustDeploy(KEPT);
    expect(await volumes()).toEqual(kept);
    expect(await apiKey()).toBe(key);
    expect(await stored()).toBe(1);
    await mustPassSmokeTest();
  });

  test('under another name it begins anew beside what is kept, and touches none of it', async () => {
    // Whoever says `destroy` in a deployment lifts the protection; here the stack that keeps the data stays.
    expect((await destroy(KEPT)).code).toBe(1);
    await mustDeploy(RENAMED);
    await mustPassSmokeTest('--stage', RENAMED.stage);
    await mustDestroy(RENAMED);
    expect(await volumes()).toEqual(kept);
    await mustDeploy(KEPT);
    expect(await stored()).toBe(1);
  });
});

inFullRun('broken', () => {
  test('a stage whose only manager has no Docker any more is destroyed all the same, with all data', async () => {
    await mustDeploy({ dataRemoval: 'destroy', ...ENLARGED });
    const { container } = await instanceOfSlot(stage(), 'manager-1');
    await inNode(container, ['systemctl', 'stop', 'docker.service']);
    // It looks afterwards, and fails where something is left.
    expect((await fatesOf('--yes')).stays).toEqual([]);
    expect(await stacks()).toEqual([]);
    expect(await volumes()).toEqual([]);
    expect(await fatesOf('--yes')).toEqual({ removed: [], lost: [], stays: [] });
  });
});

inFullRun('a first deployment that fails', () => {
  test('leaves nothing that refuses the next one', async () => {
    await mustDeploy({ dataRemoval: 'destroy', ...ENLARGED });
    await mustDestroy();
    const failed = await deploy({ ...KEPT, fault: 'producer-unhealthy' });
    expect(failed.code).not.toBe(0);
    await mustDeploy(ENLARGED);
    await mustPassSmokeTest();
  });
});
