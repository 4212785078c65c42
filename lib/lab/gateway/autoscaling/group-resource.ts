import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { AwsError } from '../errors';
import { generatedName, isTrue } from '../cloudformation/resource';
import { durationMs, type Signals } from '../cloudformation/signals';
import { groupTags, launchTemplateVersion } from '../ec2/launch-plan';
import type { Groups } from './groups';
import type { NodesData, NodesStore } from '../ec2/records';
import type { Properties, ResourceContext, ResourceHandler, ResourceResult } from '../types';
import type { GroupRecord } from './group-record';

/** AWS::AutoScaling::AutoScalingGroup of one instance on an existing network interface. */
export function groupResource(store: NodesStore, groups: Groups, signals: Signals): ResourceHandler {
  return {
    type: 'AWS::AutoScaling::AutoScalingGroup',
    replaceOn: ['AutoScalingGroupName'],

    async create(properties, context) {
      const name: string = properties.AutoScalingGroupName ?? generatedName(context);
      if (store.data.groups[name]) {
        throw new AwsError('AlreadyExists', `AutoScalingGroup by this name already exists: ${name}`);
      }
      const group: GroupRecord = {
        name,
        createdTime: new Date().toISOString(),
        availabilityZone: availabilityZone(properties),
        replaceOutdated: false,
        replaceInstance: false,
        ...groupSettings(store.data, properties),
      };
      store.update((data) => void (data.groups[name] = group));
      const sinceMs = Date.now();
      try {
        await groups.settle(name);
        await awaitSignals(signals, properties.LabCreationPolicy?.ResourceSignal, context, sinceMs);
      } catch (error) {
        // CloudFormation never learns the name of a group that failed: nobody else would delete it.
        await remove(name);
        throw error;
      }
      return result(name);
    },

    async update(name, properties, _old, context) {
      const group = store.data.groups[name];
      if (!group) throw new AwsError('ValidationError', `AutoScalingGroup name not found - ${name}`);
      const settings = groupSettings(store.data, properties);
      const templateChanged =
        settings.launchTemplateId !== group.launchTemplateId ||
        settings.launchTemplateVersion !== group.launchTemplateVersion;
      store.update(() => {
        Object.assign(group, settings);
        if (templateChanged && properties.LabUpdatePolicy?.AutoScalingRollingUpdate) group.replaceOutdated = true;
      });
      const sinceMs = Date.now();
      const rolling = group.replaceOutdated ? properties.LabUpdatePolicy.AutoScalingRollingUpdate : undefined;
      await groups.settle(name);
      if (isTrue(rolling?.WaitOnResourceSignals))
        await awaitSignals(signals, { Timeout: rolling.PauseTime }, context, sinceMs);
      return result(name);
    },

    delete: remove,
  };

  async function remove(name: string): Promise<void> {
    const group = store.data.groups[name];
    if (!group) return;
    store.update(() => {
      group.minSize = 0;
      group.desiredCapacity = 0;
    });
    await groups.settle(name);
    store.update((data) => void delete data.groups[name]);
  }
}

/** As CreationPolicy and WaitOnResourceSignals ask for; CloudFormation's defaults are one signal and five minutes. */
async function awaitSignals(
  signals: Signals,
  wanted: Properties | undefined,
  { stackName, logicalId }: ResourceContext,
  sinceMs: number,
): Promise<void> {
  if (!wanted) return;
  const [count, timeoutMs] = [Number(wanted.Count ?? 1), durationMs(wanted.Timeout ?? 'PT5M')];
  await signals.wait({ stackName, logicalId, count, timeoutMs, sinceMs });
}

type GroupSettings = Pick<
  GroupRecord,
  'launchTemplateId' | 'launchTemplateVersion' | 'minSize' | 'maxSize' | 'desiredCapacity' | 'tags'
>;

function groupSettings(data: NodesData, properties: Properties): GroupSettings {
  const { LaunchTemplateId: id, Version: version } = properties.LaunchTemplate ?? {};
  if (!id) throw new AwsError('ValidationError', 'the lab needs LaunchTemplate.LaunchTemplateId on a group; got none');
  const minSize = Number(properties.MinSize);
  const maxSize = Number(properties.MaxSize);
  const desiredCapacity = Number(properties.DesiredCapacity ?? minSize);
  assertCapacity({ minSize, maxSize, desiredCapacity });
  return {
    launchTemplateId: id,
    launchTemplateVersion: launchTemplateVersion(data, id, version),
    minSize,
    maxSize,
    desiredCapacity,
    tags: groupTags(properties.Tags),
  };
}

/** Also for UpdateAutoScalingGroup and SetDesiredCapacity. */
export function assertCapacity(group: Pick<GroupRecord, 'minSize' | 'maxSize' | 'desiredCapacity'>): void {
  const { minSize, maxSize, desiredCapacity } = group;
  if (maxSize > 1) {
    throw new AwsError(
      'ValidationError',
      `the lab runs groups of one, because each holds one interface; got MaxSize ${maxSize}`,
    );
  }
  if (!(minSize >= 0 && minSize <= desiredCapacity && desiredCapacity <= maxSize)) {
    throw new AwsError(
      'ValidationError',
      `Desired capacity:${desiredCapacity} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  }
}

function availabilityZone(properties: Properties): string {
  const zones = (properties.AvailabilityZones ?? []) as string[];
  if (zones.length === 1 && !properties.VPCZoneIdentifier) return zones[0]!;
  throw new AwsError(
    'ValidationError',
    'a group whose instance has an existing network interface needs exactly one of AvailabilityZones and no ' +
      `VPCZoneIdentifier; got AvailabilityZones ${JSON.stringify(zones)}, VPCZoneIdentifier ${JSON.stringify(properties.VPCZoneIdentifier)}`,
  );
}

export const groupArn = (name: string): string =>
  `arn:aws:autoscaling:${LAB_REGION}:${LAB_ACCOUNT_ID}:autoScalingGroup:lab:autoScalingGroupName/${name}`;

const result = (name: string): ResourceResult => ({
  physicalId: name,
  attributes: { AutoScalingGroupARN: groupArn(name) },
});
