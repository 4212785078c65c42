/** Reads what capacity.ts and storage.ts judge. */
import {
  DescribeAddressesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeVpcsCommand,
  GetEbsDefaultKmsKeyIdCommand,
  paginateDescribeInstances,
  type Instance,
  type Tag,
} from '@aws-sdk/client-ec2';
import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { cloudFormationStackName, TAG } from '../../contract';
import { isStandardFamily, type CapacityFacts, type InstanceTypeFacts } from '../capacity';
import type { Ask } from '../fact';
import type { Needs } from '../needs';
import type { StorageFacts } from '../storage';
import type { Clients } from './clients';

export async function readCapacity(clients: Clients, needs: Needs, ask: Ask): Promise<CapacityFacts> {
  const { ec2, quotas } = clients;
  const quota = (service: string, code: string) =>
    ask('servicequotas:GetServiceQuota', () => readQuota(quotas, service, code));
  const mine = (tags: readonly Tag[] | undefined): boolean =>
    // Instances of slots have the stage's tag; what CloudFormation makes by itself, the one of its stack.
    (tags ?? []).some(
      ({ Key, Value }) =>
        (Key === TAG.stage && Value === needs.stage) ||
        (Key === 'aws:cloudformation:stack-name' && Value === cloudFormationStackName(needs.stage, 'network')),
    );
  const count = (items: readonly { readonly Tags?: Tag[] }[]) => ({
    all: items.length,
    own: items.filter(({ Tags }) => mine(Tags)).length,
  });
  const vpcs = ask('ec2:DescribeVpcs', async () => count((await ec2.send(new DescribeVpcsCommand({}))).Vpcs ?? []));
  const addresses = ask('ec2:DescribeAddresses', async () =>
    count((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []),
  );
  const [zones, instanceType, offeredIn, vcpuLimit, vcpusUsed, addressLimit, vpcLimit] = await Promise.all([
    ask('ec2:DescribeAvailabilityZones', () => readZones(clients)),
    ask('ec2:DescribeInstanceTypes', () => readType(clients, needs.instanceType)),
    ask('ec2:DescribeInstanceTypeOfferings', () => readOffers(clients, needs.instanceType)),
    quota('ec2', 'L-1216C47A'),
    ask('ec2:DescribeInstances', () => readVcpus(clients, mine)),
    quota('ec2', 'L-0263D0A3'),
    quota('vpc', 'L-F678F1CE'),
  ]);
  return {
    zones,
    instanceType,
    offeredIn,
    vcpus: { limit: vcpuLimit, used: vcpusUsed },
    addresses: { limit: addressLimit, used: await addresses },
    vpcs: { limit: vpcLimit, used: await vpcs },
  };
}

export async function readStorage({ ec2 }: Clients, ask: Ask): Promise<StorageFacts> {
  const [defaultKey, hasDefaultVpc] = await Promise.all([
    ask(
      'ec2:GetEbsDefaultKmsKeyId',
      async () => (await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId ?? 'alias/aws/ebs',
    ),
    ask('ec2:DescribeVpcs', async () =>
      ((await ec2.send(new DescribeVpcsCommand({}))).Vpcs ?? []).some(({ IsDefault }) => IsDefault),
    ),
  ]);
  return { defaultKey, hasDefaultVpc };
}

async function readZones({ ec2 }: Clients): Promise<string[]> {
  const { AvailabilityZones = [] } = await ec2.send(
    new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'zone-type', Values: ['availability-zone'] }] }),
  );
  const usable = AvailabilityZones.filter(({ State }) => State === 'available');
  return usable.map(({ ZoneName }) => ZoneName ?? '').sort();
}

async function readType({ ec2 }: Clients, type: string): Promise<InstanceTypeFacts | 'unknown type'> {
  try {
    const command = new DescribeInstanceTypesCommand({ InstanceTypes: [type as never] });
    const found = (await ec2.send(command)).InstanceTypes?.[0];
    if (!found) return 'unknown type';
    return {
      vcpus: found.VCpuInfo?.DefaultVCpus ?? 0,
      architectures: found.ProcessorInfo?.SupportedArchitectures ?? [],
    };
  } catch (error) {
    if ((error as Error).name === 'InvalidInstanceType') return 'unknown type';
    throw error;
  }
}

async function readOffers({ ec2 }: Clients, type: string): Promise<string[]> {
  const { InstanceTypeOfferings = [] } = await ec2.send(
    new DescribeInstanceTypeOfferingsCommand({
      LocationType: 'availability-zone',
      Filters: [{ Name: 'instance-type', Values: [type] }],
    }),
  );
  return InstanceTypeOfferings.map(({ Location }) => Location ?? '').sort();
}

/** Spot instances have a quota of their own. */
async function readVcpus(
  { ec2 }: Clients,
  mine: (tags: readonly Tag[] | undefined) => boolean,
): Promise<{ all: number; own: number }> {
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }];
  const used = { all: 0, own: 0 };
  for await (const page of paginateDescribeInstances({ client: ec2 }, { Filters })) {
    const instances = (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
    for (const instance of instances) {
      if (instance.InstanceLifecycle === 'spot' || !isStandardFamily(instance.InstanceType ?? '')) continue;
      used.all += vcpusOf(instance);
      if (mine(instance.Tags)) used.own += vcpusOf(instance);
    }
  }
  return used;
}

const vcpusOf = ({ CpuOptions }: Instance): number => (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 0);

/** A quota that was never changed is known by its default alone. */
async function readQuota(quotas: Clients['quotas'], ServiceCode: string, QuotaCode: string): Promise<number> {
  try {
    return (await quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }))).Quota!.Value!;
  } catch (error) {
    if ((error as Error).name !== 'NoSuchResourceException') throw error;
    return (await quotas.send(new GetAWSDefaultServiceQuotaCommand({ ServiceCode, QuotaCode }))).Quota!.Value!;
  }
}
