/** What the lab remembers about nodes. One store: an instance, its interface and its volume change together. */
import { Store } from '../store';
import type { Properties } from '../types';
import type { GroupRecord } from '../autoscaling/group-record';

export interface InterfaceRecord {
  readonly id: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly privateIp: string;
  /** What ministack made up instead of the address asked for. */
  readonly upstreamIp: string;
  readonly macAddress: string;
  securityGroupIds: string[];
  /** The instance that holds it. */
  instanceId?: string;
}

export interface AttachmentRecord {
  readonly instanceId: string;
  /** As AttachVolume named it. */
  readonly device: string;
  state: 'attaching' | 'attached' | 'detaching';
  readonly time: string;
}

export interface VolumeRecord {
  readonly id: string;
  readonly availabilityZone: string;
  /** None: the volume is `available`; else it is `in-use`, in each of these states. */
  attachment?: AttachmentRecord;
  /** Why the machine could not carry out the last attachment; undefined once one has succeeded. */
  lastFailure?: string;
}

export interface LaunchTemplateRecord {
  readonly id: string;
  readonly name: string;
  /** LaunchTemplateData of version 1, 2… */
  readonly versions: Properties[];
}

export type InstanceState = 'pending' | 'running' | 'stopping' | 'shutting-down' | 'terminated';

export interface InstanceRecord {
  readonly id: string;
  readonly groupName: string;
  readonly launchTemplateId: string;
  readonly launchTemplateVersion: number;
  readonly interfaceId: string;
  /** ministack's record of a root volume; it outlives the instance there. */
  readonly rootVolumeId?: string;
  readonly vpcId: string;
  readonly privateIp: string;
  readonly hostname: string;
  readonly container: string;
  readonly availabilityZone: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly instanceProfile?: string;
  /** Base64, as in the launch template. */
  readonly userData?: string;
  readonly metadata: MetadataOptions;
  readonly launchTime: string;
  tags: Record<string, string>;
  /** Whether ports of the lab lead to it. */
  publishes?: boolean;
  state: InstanceState;
  /** When its agent first reported; from then on Systems Manager knows it. */
  registrationTime?: string;
  terminationTime?: string;
}

export interface MetadataOptions {
  readonly tokensRequired: boolean;
  readonly tagsEnabled: boolean;
}

export interface NodesData {
  interfaces: Record<string, InterfaceRecord>;
  volumes: Record<string, VolumeRecord>;
  launchTemplates: Record<string, LaunchTemplateRecord>;
  groups: Record<string, GroupRecord>;
  instances: Record<string, InstanceRecord>;
}

export type NodesStore = Store<NodesData>;

export const openNodesStore = (directory: string): NodesStore =>
  Store.open<NodesData>(directory, 'nodes', {
    interfaces: {},
    volumes: {},
    launchTemplates: {},
    groups: {},
    instances: {},
  });

const FORGET_TERMINATED_AFTER_MILLISECONDS = 60 * 60 * 1000;

/** EC2, too, shows a terminated instance for about an hour. */
export function forgetLongTerminated(data: NodesData, now: number): void {
  for (const instance of Object.values(data.instances)) {
    const ended = instance.terminationTime;
    if (ended && now - Date.parse(ended) > FORGET_TERMINATED_AFTER_MILLISECONDS) delete data.instances[instance.id];
  }
}

/** The instance that lives at an address. One that is shutting down loses its interface before it is terminated. */
export const instanceAt = (data: NodesData, privateIp: string): InstanceRecord | undefined =>
  Object.values(data.instances).find(
    (each) => each.privateIp === privateIp && data.interfaces[each.interfaceId]?.instanceId === each.id,
  );
