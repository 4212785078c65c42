/** EC2: records are ministack's; what happens to instances, and addresses in answers, is the lab's. */
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import type { Groups } from '../autoscaling/groups';
import { privateDnsName, type Instances } from './instances';
import type { Disks } from './disks';
import { lastOutput } from './docker-node';
import { forwardEdited, NAMESPACE, xmlReply } from './ec2-reply';
import type { InstanceRecord, InstanceState, NodesData, NodesStore } from './records';
import type { SecurityGroups } from './security-groups';
import type { Upstream } from '../ministack/upstream';
import { escapeXml } from '../front-door/xml';
import { members } from '../front-door/query';
import { volumeActions } from './volume-api';
import type { Volumes } from './volumes';
import { launchTemplatesXml, launchTemplateVersionsXml } from './launch-template-views';
import type { Interceptor, LabRequest } from '../types';

export interface Ec2Dependencies {
  readonly upstream: Upstream;
  readonly store: NodesStore;
  readonly instances: Instances;
  readonly volumes: Volumes;
  readonly securityGroups: Pick<SecurityGroups, 'refresh' | 'change'>;
  readonly disks: Disks;
  readonly groups: Groups;
  readonly log: Log;
}

export function createEc2(dependencies: Ec2Dependencies): Interceptor {
  const { upstream, store, instances, volumes, disks, securityGroups, groups, log } = dependencies;
  const { data } = store;
  const own = (params: LabRequest['params']): InstanceRecord[] =>
    members(params, 'InstanceId').flatMap((id) => data.instances[id] ?? []);
  const later = (id: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => log(id, errorText(error)));
  };
  const forwarded = (request: LabRequest, edit: (text: string) => string) => forwardEdited(upstream, request, edit);

  // Answered once the nodes have the rules.
  const rulesChange = async (request: LabRequest) => {
    const reply = await forwarded(request, (text) => text);
    await securityGroups.refresh();
    return reply;
  };

  const end = async (request: LabRequest, state: InstanceState) => {
    const reply = await forwarded(request, (text) => text);
    const ending = own(request.params).filter((instance) => instance.state !== 'terminated');
    store.update(() => ending.forEach((instance) => (instance.state = state)));
    for (const { groupName } of ending) groups.settleLater(groupName);
    return reply;
  };

  const actions: Readonly<Record<string, Interceptor>> = {
    RunInstances: async () => {
      throw new AwsError('UnsupportedOperation', 'the lab launches instances by Auto Scaling groups of one only');
    },
    TerminateInstances: (request) => end(request, 'shutting-down'),
    // A group of one takes a stopped instance for unhealthy and replaces it: stopping is ending.
    StopInstances: (request) => end(request, 'stopping'),
    StartInstances: async ({ params }) => {
      for (const { id, state } of own(params)) throw incorrectState(id, state, 'started');
      return undefined;
    },
    RebootInstances: async (request) => {
      for (const { id, state } of own(request.params)) {
        if (state !== 'running') throw incorrectState(id, state, 'rebooted');
      }
      const reply = await forwarded(request, (text) => text);
      for (const instance of own(request.params)) later(instance.id, instances.reboot(instance));
      return reply;
    },
    DescribeInstances: (request) => forwarded(request, (text) => correctInstances(data, text)),
    DescribeNetworkInterfaces: (request) => forwarded(request, (text) => correctInterfaces(data, text)),
    DescribeLaunchTemplates: async ({ params }) => xmlReply(launchTemplatesXml(data, params)),
    DescribeLaunchTemplateVersions: async ({ params }) => xmlReply(launchTemplateVersionsXml(data, params)),
    ...volumeActions({ upstream, store, volumes, disks }),
    AuthorizeSecurityGroupIngress: rulesChange,
    AuthorizeSecurityGroupEgress: rulesChange,
    RevokeSecurityGroupIngress: rulesChange,
    RevokeSecurityGroupEgress: rulesChange,
    ModifySecurityGroupRules: rulesChange,
    ModifyNetworkInterfaceAttribute: async (request) => {
      const reply = await forwarded(request, (text) => text);
      const { params } = request;
      if (reply.status < 300)
        await securityGroups.change(params.NetworkInterfaceId, members(params, 'SecurityGroupId'));
      return reply;
    },
    CreateTags: async ({ params }) => {
      store.update(() => eachTag(params, data, (instance, key, value) => (instance.tags[key] = value ?? '')));
      return undefined;
    },
    DeleteTags: async ({ params }) => {
      store.update(() => eachTag(params, data, (instance, key) => delete instance.tags[key]));
      return undefined;
    },
    GetConsoleOutput: async ({ params }) => {
      const instance = data.instances[params.InstanceId];
      if (!instance) return undefined;
      const output = Buffer.from(await lastOutput(instance.container)).toString('base64');
      return xmlReply(
        `<GetConsoleOutputResponse xmlns="${NAMESPACE}"><instanceId>${instance.id}</instanceId>` +
          `<timestamp>${new Date().toISOString()}</timestamp><output>${output}</output></GetConsoleOutputResponse>`,
      );
    },
  };
  return async (request) => actions[request.action]?.(request);
}

const incorrectState = (id: string, state: string, what: string): AwsError =>
  new AwsError(
    'IncorrectInstanceState',
    `The instance '${id}' is not in a state from which it can be ${what}: ${state}`,
  );

function eachTag(
  params: Readonly<Record<string, string>>,
  data: NodesData,
  apply: (instance: InstanceRecord, key: string, value: string | undefined) => void,
): void {
  for (const instance of members(params, 'ResourceId').flatMap((id) => data.instances[id] ?? [])) {
    for (const [name, key] of Object.entries(params)) {
      const index = /^Tag\.(\d+)\.Key$/.exec(name)?.[1];
      if (index !== undefined) apply(instance, key, params[`Tag.${index}.Value`]);
    }
  }
}

/** ministack makes up a public address, the zone and the private name. */
export function correctInstances(data: NodesData, xml: string): string {
  return xml.replace(/<instanceId>(i-[0-9a-f]+)<\/instanceId>[\s\S]*?<amiLaunchIndex>/g, (item, id: string) => {
    const instance = data.instances[id];
    if (!instance) return item;
    return item
      .replace(/<availabilityZone>[^<]*/, `<availabilityZone>${escapeXml(instance.availabilityZone)}`)
      .replace(/<privateDnsName>[^<]*/, `<privateDnsName>${privateDnsName(instance)}`)
      .replace(/<dnsName>[^<]*/, '<dnsName>')
      .replace(/<ipAddress>[^<]*<\/ipAddress>/, '');
  });
}

/** ministack ignores the address asked for. */
export function correctInterfaces(data: NodesData, xml: string): string {
  return xml.replace(/<networkInterfaceId>(eni-[0-9a-f]+)<[\s\S]*?<\/privateIpAddressesSet>/g, (item, id: string) => {
    const networkInterface = data.interfaces[id];
    if (!networkInterface) return item;
    return item.replaceAll(`>${networkInterface.upstreamIp}<`, `>${networkInterface.privateIp}<`);
  });
}
