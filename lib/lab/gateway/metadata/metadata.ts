/** Pure: what instance metadata answers for a path, apart from credentials. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import type { InstanceRecord, InterfaceRecord } from '../ec2/records';

/** Text of a leaf, the listing of a folder, or undefined where there is nothing. */
export function readMetadata(
  instance: InstanceRecord,
  networkInterface: InterfaceRecord | undefined,
  roleName: string | undefined,
  path: string,
): string | undefined {
  const leaves = metadataLeaves(instance, networkInterface, roleName);
  const wanted = path.replace(/\/+$/, '');
  if (leaves.has(wanted)) return leaves.get(wanted);
  const prefix = wanted === '' ? '' : `${wanted}/`;
  const below = [...leaves.keys()].filter((leaf) => leaf.startsWith(prefix)).map((leaf) => leaf.slice(prefix.length));
  if (below.length === 0) return undefined;
  const entries = below.map((leaf) => (leaf.includes('/') ? `${leaf.split('/')[0]}/` : leaf));
  return [...new Set(entries)].sort().join('\n');
}

function metadataLeaves(
  instance: InstanceRecord,
  networkInterface: InterfaceRecord | undefined,
  roleName: string | undefined,
): Map<string, string> {
  const fullHostname = `${instance.hostname}.${LAB_REGION}.compute.internal`;
  const leaves = new Map(
    Object.entries({
      'meta-data/ami-id': instance.imageId,
      'meta-data/hostname': fullHostname,
      'meta-data/instance-id': instance.id,
      'meta-data/instance-type': instance.instanceType,
      'meta-data/local-hostname': fullHostname,
      'meta-data/local-ipv4': instance.privateIp,
      'meta-data/placement/availability-zone': instance.availabilityZone,
      'meta-data/placement/region': LAB_REGION,
      'meta-data/services/domain': 'amazonaws.com',
      'dynamic/instance-identity/document': identityDocument(instance),
    }),
  );
  if (networkInterface) leaves.set('meta-data/mac', networkInterface.macAddress);
  if (instance.userData) leaves.set('user-data', Buffer.from(instance.userData, 'base64').toString());
  if (roleName) leaves.set('meta-data/iam/security-credentials', roleName);
  if (instance.metadata.tagsEnabled) {
    for (const [key, value] of Object.entries(instance.tags)) leaves.set(`meta-data/tags/instance/${key}`, value);
  }
  return leaves;
}

const identityDocument = (instance: InstanceRecord): string =>
  JSON.stringify(
    {
      accountId: LAB_ACCOUNT_ID,
      availabilityZone: instance.availabilityZone,
      imageId: instance.imageId,
      instanceId: instance.id,
      instanceType: instance.instanceType,
      pendingTime: instance.launchTime,
      privateIp: instance.privateIp,
      region: LAB_REGION,
      version: '2017-09-30',
    },
    undefined,
    2,
  );
