/** Reads what leftovers.ts judges. */
import { paginateDescribeStacks, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { paginateDescribeSnapshots, paginateDescribeVolumes } from '@aws-sdk/client-ec2';
import { paginateListSecrets } from '@aws-sdk/client-secrets-manager';
import { cloudFormationStackName, secretPrefix, STACKS, TAG } from '../../contract';
import { known, type Ask, type Fact } from '../fact';
import type { LeftoverFacts, SecretFacts, SnapshotFacts, VolumeFacts } from '../leftovers';
import type { Needs } from '../needs';
import type { Clients } from './clients';

export async function readLeftovers(
  clients: Clients,
  { stage }: Pick<Needs, 'stage'>,
  ask: Ask,
): Promise<LeftoverFacts> {
  const [described, secrets, volumes, snapshots, logGroups] = await Promise.all([
    ask('cloudformation:DescribeStacks', () => readStacks(clients, stage)),
    ask('secretsmanager:ListSecrets', () => readSecrets(clients, stage)),
    ask('ec2:DescribeVolumes', () => readVolumes(clients, stage)),
    ask('ec2:DescribeSnapshots', () => readSnapshots(clients, stage)),
    ask('logs:DescribeLogGroups', () => readLogGroups(clients, stage)),
  ]);
  const stacks = described.kind === 'known' ? known(described.value.statuses) : described;
  const protectedStacks = described.kind === 'known' ? described.value.protectedStacks : [];
  const owned = await readOwned(clients, stacks, ask);
  return { stacks, protectedStacks, owned, secrets, volumes, snapshots, logGroups };
}

interface DescribedStacks {
  readonly statuses: Readonly<Record<string, string>>;
  readonly protectedStacks: readonly string[];
}

async function readStacks({ cloudFormation: client }: Clients, stage: string): Promise<DescribedStacks> {
  const names = STACKS.map((id) => cloudFormationStackName(stage, id));
  const statuses: Record<string, string> = {};
  const protectedStacks: string[] = [];
  for await (const page of paginateDescribeStacks({ client }, {})) {
    for (const { StackName, StackStatus, EnableTerminationProtection } of page.Stacks ?? []) {
      if (!names.includes(StackName ?? '') || StackStatus === 'DELETE_COMPLETE') continue;
      statuses[StackName!] = StackStatus!;
      if (EnableTerminationProtection) protectedStacks.push(StackName!);
    }
  }
  return { statuses, protectedStacks };
}

async function readOwned(
  { cloudFormation: client }: Clients,
  stacks: LeftoverFacts['stacks'],
  ask: Ask,
): Promise<Fact<ReadonlySet<string>>> {
  if (stacks.kind !== 'known') return stacks;
  return ask('cloudformation:ListStackResources', async () => {
    const ids = new Set<string>();
    for (const StackName of Object.keys(stacks.value)) {
      for await (const page of paginateListStackResources({ client }, { StackName })) {
        for (const { PhysicalResourceId } of page.StackResourceSummaries ?? []) ids.add(PhysicalResourceId ?? '');
      }
    }
    return ids;
  });
}

async function readSecrets({ secrets: client }: Clients, stage: string): Promise<SecretFacts[]> {
  const prefix = secretPrefix(stage);
  const query = { IncludePlannedDeletion: true, Filters: [{ Key: 'name' as const, Values: [prefix] }] };
  const found: SecretFacts[] = [];
  for await (const page of paginateListSecrets({ client }, query)) {
    for (const { ARN, Name, DeletedDate } of page.SecretList ?? []) {
      if (Name?.startsWith(prefix)) found.push({ arn: ARN ?? '', name: Name, deletedAt: DeletedDate?.toISOString() });
    }
  }
  return found;
}

async function readVolumes({ ec2: client }: Clients, stage: string): Promise<VolumeFacts[]> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: 'tag-key', Values: [TAG.slot] },
    // One that is being deleted is listed for some minutes.
    { Name: 'status', Values: ['creating', 'available', 'in-use', 'error'] },
  ];
  const found: VolumeFacts[] = [];
  for await (const page of paginateDescribeVolumes({ client }, { Filters })) {
    for (const { VolumeId, Size, Tags } of page.Volumes ?? []) {
      const slot = Tags?.find(({ Key }) => Key === TAG.slot)?.Value ?? '';
      found.push({ id: VolumeId ?? '', slot, sizeGiB: Size ?? 0 });
    }
  }
  return found;
}

/** By the stage's tag, which Data Lifecycle Manager copies from the volumes, beside the tag that names its policy. */
async function readSnapshots({ ec2: client }: Clients, stage: string): Promise<SnapshotFacts[]> {
  const query = { OwnerIds: ['self'], Filters: [{ Name: `tag:${TAG.stage}`, Values: [stage] }] };
  const found: SnapshotFacts[] = [];
  for await (const page of paginateDescribeSnapshots({ client }, query)) {
    for (const { SnapshotId, StartTime, Tags } of page.Snapshots ?? []) {
      const policyId = Tags?.find(({ Key }) => Key === 'aws:dlm:lifecycle-policy-id')?.Value;
      found.push({ id: SnapshotId ?? '', policyId, startedAt: StartTime?.toISOString() ?? 'an unknown time' });
    }
  }
  return found;
}

async function readLogGroups({ logs: client }: Clients, stage: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: `/metals/${stage}/` })) {
    found.push(...(page.logGroups ?? []).map(({ logGroupName }) => logGroupName ?? ''));
  }
  return found;
}
