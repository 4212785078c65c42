/** Pure: what a group of one launches, from its launch template, its interface and its volume; or why it cannot. */
import { TAG } from '../../../contract';
import { AwsError } from '../errors';
import { isTrue, tagList } from '../cloudformation/resource';
import type { InterfaceRecord, MetadataOptions, NodesData, VolumeRecord } from './records';
import type { Properties } from '../types';
import type { GroupRecord } from '../autoscaling/group-record';

export interface LaunchPlan {
  readonly networkInterface: InterfaceRecord;
  readonly template: Properties;
  readonly imageId: string;
  readonly instanceType: string;
  readonly hostname: string;
  readonly instanceProfile: string | undefined;
  readonly userData: string | undefined;
  readonly metadata: MetadataOptions;
  readonly tags: Record<string, string>;
}

export function planLaunch(data: NodesData, group: GroupRecord): LaunchPlan {
  const template = launchTemplateData(data, group.launchTemplateId, group.launchTemplateVersion);
  const networkInterface = findInterface(data, template);
  const tags = instanceTags(group, template);
  return {
    networkInterface,
    template,
    tags,
    imageId: required(template, 'ImageId'),
    instanceType: required(template, 'InstanceType'),
    hostname: `ip-${networkInterface.privateIp.replaceAll('.', '-')}`,
    instanceProfile: profileName(template),
    userData: template.UserData,
    metadata: {
      // EC2's default for a launch template that says nothing is both versions, without tags.
      tokensRequired: template.MetadataOptions?.HttpTokens === 'required',
      tagsEnabled: template.MetadataOptions?.InstanceMetadataTags === 'enabled',
    },
  };
}

export function launchTemplateData(data: NodesData, id: string, version: number): Properties {
  const template = data.launchTemplates[id];
  if (!template) {
    throw new AwsError('InvalidLaunchTemplateId.NotFound', `The specified launch template, ${id}, does not exist.`);
  }
  const content = template.versions[version - 1];
  if (content) return content;
  throw new AwsError(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Launch template ${id} has versions 1 to ${template.versions.length}, not ${version}.`,
  );
}

/** `3`, `$Latest` or `$Default` (version 1: the lab knows no other default) as a number. */
export function launchTemplateVersion(data: NodesData, id: string, version: unknown): number {
  const count = data.launchTemplates[id]?.versions.length ?? 0;
  const number = version === '$Latest' ? count : version === '$Default' || version == null ? 1 : Number(version);
  launchTemplateData(data, id, number);
  return number;
}

function required(template: Properties, name: string): string {
  const value = template[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationError', `You must use a valid fully-formed launch template: ${name} is missing.`);
}

function findInterface(data: NodesData, template: Properties): InterfaceRecord {
  const interfaces = (template.NetworkInterfaces ?? []) as Properties[];
  const id = interfaces.find((each) => String(each.DeviceIndex) === '0')?.NetworkInterfaceId;
  const found = data.interfaces[id];
  if (!found) {
    throw new AwsError(
      'ValidationError',
      `the lab launches instances on an existing network interface at device index 0 only; got '${id ?? 'none'}'`,
    );
  }
  if (found.instanceId) throw new AwsError('InvalidNetworkInterface.InUse', `Interface: [${found.id}] in use.`);
  return found;
}

/**
 * Where the machine has no loop devices: the volume that is mounted at /var/lib/docker from the start, by the tag
 * that the slot's group carries. Elsewhere user data attaches it.
 */
export function mountedVolume(data: NodesData, group: GroupRecord): VolumeRecord {
  const id = group.tags.find(({ Key }) => Key === TAG.dataVolumeId)?.Value ?? '';
  const volume = data.volumes[id];
  if (!volume) {
    throw new AwsError(
      'InvalidVolume.NotFound',
      `without loop devices the lab mounts the volume that the instance tag '${TAG.dataVolumeId}' names at ` +
        `/var/lib/docker; group ${group.name} has ${id === '' ? 'no such tag' : `'${id}', which does not exist`}`,
    );
  }
  if (volume.attachment) {
    throw new AwsError(
      'VolumeInUse',
      `${volume.id} is already attached to an instance: ${volume.attachment.instanceId}`,
    );
  }
  return volume;
}

function instanceTags(group: GroupRecord, template: Properties): Record<string, string> {
  const specifications = ((template.TagSpecifications ?? []) as Properties[]).filter(
    (each) => each.ResourceType === 'instance',
  );
  const tags = [
    ...specifications.flatMap((each) => tagList(each.Tags)),
    // A group's tags win over the launch template's, as on AWS.
    ...group.tags.filter((each) => each.PropagateAtLaunch),
    { Key: 'aws:autoscaling:groupName', Value: group.name },
  ];
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

function profileName(template: Properties): string | undefined {
  const profile = template.IamInstanceProfile;
  return profile?.Name ?? profile?.Arn?.split('/').pop();
}

/** The group's tags out of CloudFormation's properties. */
export const groupTags = (tags: unknown): GroupRecord['tags'] =>
  ((tags ?? []) as Properties[]).map((tag) => ({
    Key: String(tag.Key),
    Value: String(tag.Value),
    PropagateAtLaunch: isTrue(tag.PropagateAtLaunch),
  }));
