/** Auto Scaling's API for the lab's own groups; ministack's would only invent instances. */
import { AwsError } from '../errors';
import { assertCapacity, groupArn } from './group-resource';
import type { Groups } from './groups';
import type { InstanceRecord, NodesStore } from '../ec2/records';
import { escapeXml } from '../front-door/xml';
import { members, queryReply } from '../front-door/query';
import type { GroupRecord } from './group-record';
import type { Interceptor } from '../types';

const NAMESPACE = 'http://autoscaling.amazonaws.com/doc/2011-01-01/';

type Params = Readonly<Record<string, string>>;

export function createAutoScaling(store: NodesStore, groups: Groups): Interceptor {
  const { data } = store;
  const change = (name: string, edit: (group: GroupRecord) => void): void => {
    const group = data.groups[name];
    if (!group) throw new AwsError('ValidationError', `AutoScalingGroup name not found - ${name}`);
    const changed = { ...group };
    edit(changed);
    assertCapacity(changed);
    store.update(() => void Object.assign(group, changed));
    groups.settleLater(name);
  };
  const holder = (instanceId: string): GroupRecord => {
    const group = Object.values(data.groups).find((each) => each.instanceId === instanceId);
    if (group) return group;
    throw new AwsError(
      'ValidationError',
      `Instance Id not found - No managed instance found for instance ID ${instanceId}`,
    );
  };
  const actions: Readonly<Record<string, (params: Params) => string>> = {
    DescribeAutoScalingGroups: (params) => {
      const names = members(params, 'AutoScalingGroupNames.member');
      const chosen = Object.values(data.groups).filter(({ name }) => names.length === 0 || names.includes(name));
      const items = chosen.map((group) => groupXml(group, data.instances[group.instanceId ?? '']));
      return `<AutoScalingGroups>${items.join('')}</AutoScalingGroups>`;
    },
    DescribeAutoScalingInstances: (params) => {
      const ids = members(params, 'InstanceIds.member');
      const items = Object.values(data.groups).flatMap((group) => {
        const instance = data.instances[group.instanceId ?? ''];
        if (!instance || (ids.length > 0 && !ids.includes(instance.id))) return [];
        const groupName = `<AutoScalingGroupName>${escapeXml(group.name)}</AutoScalingGroupName>`;
        return [`<member>${groupName}${instanceXml(instance)}</member>`];
      });
      return `<AutoScalingInstances>${items.join('')}</AutoScalingInstances>`;
    },
    DescribeScalingActivities: (params) => {
      const chosen = Object.values(data.groups).filter(
        ({ name }) => !params.AutoScalingGroupName || params.AutoScalingGroupName === name,
      );
      return `<Activities>${chosen.map(activitiesXml).join('')}</Activities>`;
    },
    SetDesiredCapacity: (params) => {
      change(params.AutoScalingGroupName!, (group) => (group.desiredCapacity = Number(params.DesiredCapacity)));
      return '';
    },
    UpdateAutoScalingGroup: (params) => {
      change(params.AutoScalingGroupName!, (group) => {
        group.minSize = Number(params.MinSize ?? group.minSize);
        group.maxSize = Number(params.MaxSize ?? group.maxSize);
        group.desiredCapacity = Number(params.DesiredCapacity ?? group.desiredCapacity);
      });
      return '';
    },
    TerminateInstanceInAutoScalingGroup: (params) => {
      change(holder(params.InstanceId!).name, (group) => {
        group.replaceInstance = true;
        if (params.ShouldDecrementDesiredCapacity === 'true') group.desiredCapacity = 0;
      });
      return '';
    },
    SetInstanceHealth: (params) => {
      const { name } = holder(params.InstanceId!);
      if (params.HealthStatus === 'Unhealthy') change(name, (group) => (group.replaceInstance = true));
      return '';
    },
  };
  return async ({ action, params }) => {
    const handler = actions[action];
    if (handler) return queryReply(NAMESPACE, action, handler(params));
    throw new AwsError(
      'UnsupportedOperation',
      `the lab does not implement autoscaling:${action}; it has ${Object.keys(actions).join(', ')}`,
    );
  };
}

function groupXml(group: GroupRecord, instance: InstanceRecord | undefined): string {
  const tags = group.tags.map(
    (tag) =>
      `<member><Key>${escapeXml(tag.Key)}</Key><Value>${escapeXml(tag.Value)}</Value>` +
      `<PropagateAtLaunch>${tag.PropagateAtLaunch}</PropagateAtLaunch><ResourceId>${escapeXml(group.name)}</ResourceId>` +
      '<ResourceType>auto-scaling-group</ResourceType></member>',
  );
  return (
    `<member><AutoScalingGroupName>${escapeXml(group.name)}</AutoScalingGroupName>` +
    `<AutoScalingGroupARN>${escapeXml(groupArn(group.name))}</AutoScalingGroupARN>` +
    `${launchTemplateXml(group)}<MinSize>${group.minSize}</MinSize><MaxSize>${group.maxSize}</MaxSize>` +
    `<DesiredCapacity>${group.desiredCapacity}</DesiredCapacity><DefaultCooldown>300</DefaultCooldown>` +
    `<AvailabilityZones><member>${group.availabilityZone}</member></AvailabilityZones>` +
    `<HealthCheckType>EC2</HealthCheckType><HealthCheckGracePeriod>0</HealthCheckGracePeriod>` +
    `<CreatedTime>${group.createdTime}</CreatedTime>` +
    `<Instances>${instance ? `<member>${instanceXml(instance)}</member>` : ''}</Instances>` +
    `<Tags>${tags.join('')}</Tags></member>`
  );
}

const activitiesXml = (group: GroupRecord): string =>
  (group.activities ?? [])
    .map(
      ({ id, description, cause, statusCode, statusMessage, time }) =>
        `<member><ActivityId>${id}</ActivityId>` +
        `<AutoScalingGroupName>${escapeXml(group.name)}</AutoScalingGroupName>` +
        `<Description>${escapeXml(description)}</Description><Cause>${escapeXml(cause)}</Cause>` +
        `<StartTime>${time}</StartTime><EndTime>${time}</EndTime><StatusCode>${statusCode}</StatusCode>` +
        (statusMessage ? `<StatusMessage>${escapeXml(statusMessage)}</StatusMessage>` : '') +
        `<Progress>100</Progress></member>`,
    )
    .join('');

const LIFECYCLE: Readonly<Record<InstanceRecord['state'], string>> = {
  pending: 'Pending',
  running: 'InService',
  stopping: 'Terminating',
  'shutting-down': 'Terminating',
  terminated: 'Terminated',
};

const instanceXml = (instance: InstanceRecord): string =>
  `<InstanceId>${instance.id}</InstanceId><InstanceType>${instance.instanceType}</InstanceType>` +
  `<AvailabilityZone>${instance.availabilityZone}</AvailabilityZone>` +
  `<LifecycleState>${LIFECYCLE[instance.state]}</LifecycleState>` +
  `<HealthStatus>${instance.state === 'running' ? 'Healthy' : 'Unhealthy'}</HealthStatus>` +
  `${launchTemplateXml(instance)}<ProtectedFromScaleIn>false</ProtectedFromScaleIn>`;

const launchTemplateXml = (from: { launchTemplateId: string; launchTemplateVersion: number }): string =>
  `<LaunchTemplate><LaunchTemplateId>${from.launchTemplateId}</LaunchTemplateId>` +
  `<Version>${from.launchTemplateVersion}</Version></LaunchTemplate>`;
