/** Instances: a record in ministack, so that EC2's own calls find it, and a container, which is the node. */
import { LAB_REGION, TAG } from '../../../contract';
import { ignoreNotFound } from '../errors';
import { errorText, type Log } from '../log';
import { ECR_HOST, type GatewaySettings } from '../settings';
import type { Upstream } from '../ministack/upstream';
import type { Timing } from '../timing';
import { requiredXmlValue, xmlValue } from '../front-door/xml';
import { containerName, networkName } from './container';
import type { InstanceCredentials } from '../iam/instance-credentials';
import { isRunning, lastOutput, removeNode, restartNode, startNode } from './docker-node';
import { instanceSize } from './instance-types';
import { mountedVolume, planLaunch, type LaunchPlan } from './launch-plan';
import { publishes, type PublishedPorts } from './publish';
import { forgetLongTerminated, type InstanceRecord, type NodesStore } from './records';
import type { SecurityGroups } from './security-groups';
import type { Volumes } from './volumes';
import type { VpcNetworks } from './vpc-network';
import type { GroupRecord } from '../autoscaling/group-record';

/** How long a reboot may take until the agent reports again. */
const REBOOT_SECONDS = 90;

export interface InstancesDependencies {
  readonly settings: GatewaySettings;
  readonly upstream: Upstream;
  readonly store: NodesStore;
  readonly networks: VpcNetworks;
  readonly securityGroups: SecurityGroups;
  readonly published: PublishedPorts;
  readonly volumes: Volumes;
  readonly timing: Timing;
  readonly credentials: InstanceCredentials;
  readonly log: Log;
  /** Whether the node's agent has reported lately. */
  readonly isOnline: (instanceId: string) => boolean;
  /** A new boot: reports from before it do not count. */
  readonly forgetReports: (instanceId: string) => void;
}

export class Instances {
  /** Their containers go down on purpose. */
  private readonly rebooting = new Set<string>();
  /** By instance: an end that is under way. */
  private readonly ends = new Map<string, Promise<void>>();

  constructor(private readonly dependencies: InstancesDependencies) {}

  /**
   * Launches a group's instance. It is `running` as soon as its machine is, as on EC2: nobody waits for its boot.
   * Leaves nothing behind when that fails.
   */
  async launch(group: GroupRecord): Promise<InstanceRecord> {
    const { store, settings, published, securityGroups, volumes, timing, log } = this.dependencies;
    const mounted = settings.volumes === 'docker' ? mountedVolume(store.data, group) : undefined;
    const plan = planLaunch(store.data, group);
    const size = instanceSize(plan.instanceType);
    const instance = await this.record(group, plan);
    store.update(({ instances }) => {
      instance.publishes = publishes(published, instance.tags, Object.values(instances));
    });
    try {
      if (mounted) await volumes.attachMounted(mounted.id, instance);
      const { gateway } = await this.dependencies.networks.ensure(instance.vpcId);
      await startNode({
        instanceId: instance.id,
        container: instance.container,
        image: settings.nodeImage,
        hostname: instance.hostname,
        network: networkName(instance.vpcId),
        privateIp: instance.privateIp,
        volume: mounted?.id,
        userDataDelaySeconds: timing.draw('userDataAfterAgent') / 1000,
        size,
        slot: instance.tags[TAG.slot] ?? '',
        gateway: `${gateway}:${settings.port}`,
        registry: ECR_HOST,
      });
      await securityGroups.apply(instance);
    } catch (error) {
      await this.terminate(instance.id);
      throw new Error(`launching ${instance.id} for ${group.name} failed: ${errorText(error)}`, { cause: error });
    }
    store.update(() => void (instance.state = 'running'));
    log(instance.id, `running as ${instance.container} at ${instance.privateIp} for ${group.name}`);
    return instance;
  }

  private async record(group: GroupRecord, plan: LaunchPlan): Promise<InstanceRecord> {
    const { store, upstream } = this.dependencies;
    const { networkInterface } = plan;
    const answer = await upstream.query('ec2', 'RunInstances', {
      ImageId: plan.imageId,
      InstanceType: plan.instanceType,
      MinCount: 1,
      MaxCount: 1,
      SubnetId: networkInterface.subnetId,
      PrivateIpAddress: networkInterface.privateIp,
      SecurityGroupId: networkInterface.securityGroupIds,
      ...(plan.instanceProfile && { 'IamInstanceProfile.Name': plan.instanceProfile }),
      TagSpecification: [
        { ResourceType: 'instance', Tag: Object.entries(plan.tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    });
    const id = requiredXmlValue(answer, 'instanceId');
    const instance: InstanceRecord = {
      id,
      groupName: group.name,
      launchTemplateId: group.launchTemplateId,
      launchTemplateVersion: group.launchTemplateVersion,
      interfaceId: networkInterface.id,
      rootVolumeId: xmlValue(answer, 'volumeId'),
      vpcId: networkInterface.vpcId,
      privateIp: networkInterface.privateIp,
      hostname: plan.hostname,
      container: containerName(id),
      availabilityZone: group.availabilityZone,
      instanceType: plan.instanceType,
      imageId: plan.imageId,
      instanceProfile: plan.instanceProfile,
      userData: plan.userData,
      metadata: plan.metadata,
      launchTime: new Date().toISOString(),
      tags: plan.tags,
      state: 'pending',
    };
    store.update((data) => {
      forgetLongTerminated(data, Date.now());
      data.instances[id] = instance;
      networkInterface.instanceId = id;
      group.instanceId = id;
    });
    await upstream.query('ec2', 'AttachNetworkInterface', {
      NetworkInterfaceId: networkInterface.id,
      InstanceId: id,
      DeviceIndex: 0,
    });
    return instance;
  }

  private async waitUntilOnline(instance: InstanceRecord): Promise<void> {
    const deadline = Date.now() + REBOOT_SECONDS * 1000;
    while (!this.dependencies.isOnline(instance.id)) {
      const alive = await isRunning(instance.container);
      if (!alive || Date.now() > deadline) {
        const what = alive ? `did not report within ${REBOOT_SECONDS} s` : 'ended while booting';
        throw new Error(`node ${instance.container} ${what}; it printed:\n${await lastOutput(instance.container)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /**
   * Ends an instance. From now on it is no longer its group's, but until the returned promise resolves it holds its
   * interface and its volume: on EC2, too, they are in use for a while after the call.
   */
  terminate(id: string): Promise<void> {
    const { store } = this.dependencies;
    const instance = store.data.instances[id];
    if (!instance || instance.state === 'terminated') return Promise.resolve();
    const underWay = this.ends.get(id);
    if (underWay) return underWay;
    store.update((data) => {
      instance.state = 'shutting-down';
      const group = data.groups[instance.groupName];
      if (group?.instanceId === id) delete group.instanceId;
    });
    const end = this.end(instance).finally(() => this.ends.delete(id));
    this.ends.set(id, end);
    return end;
  }

  private async end(instance: InstanceRecord): Promise<void> {
    const { settings, store, upstream, credentials, forgetReports, volumes, timing, log } = this.dependencies;
    const { id } = instance;
    forgetReports(id);
    credentials.revoke(id);
    await removeNode(instance.container);
    await timing.wait('terminationHolds');
    await ignoreNotFound(upstream.query('ec2', 'TerminateInstances', { InstanceId: [id] }));
    if (instance.rootVolumeId) {
      await ignoreNotFound(upstream.query('ec2', 'DetachVolume', { VolumeId: instance.rootVolumeId }));
      await ignoreNotFound(upstream.query('ec2', 'DeleteVolume', { VolumeId: instance.rootVolumeId }));
    }
    // A volume that is mounted from the start must be free before the next instance is launched.
    if (settings.volumes === 'docker') await volumes.release(id);
    store.update((data) => {
      const networkInterface = data.interfaces[instance.interfaceId];
      if (networkInterface?.instanceId === id) delete networkInterface.instanceId;
    });
    if (settings.volumes === 'loop') {
      await timing.wait('volumeHolds');
      await volumes.release(id);
    }
    store.update(() => {
      instance.state = 'terminated';
      instance.terminationTime = new Date().toISOString();
    });
    log(id, 'terminated');
  }

  /** Goes on with ends that failed, or that a restart of the gateway interrupted. */
  completeEnds(): void {
    const { store, log } = this.dependencies;
    for (const { id, state } of Object.values(store.data.instances)) {
      if (state !== 'shutting-down') continue;
      this.terminate(id).catch((error: unknown) => log(id, `not ended: ${errorText(error)}`));
    }
  }

  /** Resolves once a group's former instances hold nothing any more. */
  async ended(groupName: string): Promise<void> {
    const ending = Object.values(this.dependencies.store.data.instances).filter(
      (each) => each.groupName === groupName && each.state === 'shutting-down',
    );
    await Promise.all(ending.map(({ id }) => this.terminate(id)));
  }

  async reboot(instance: InstanceRecord): Promise<void> {
    this.rebooting.add(instance.id);
    try {
      this.dependencies.forgetReports(instance.id);
      await restartNode(instance.container);
      await this.waitUntilOnline(instance);
    } finally {
      this.rebooting.delete(instance.id);
    }
  }

  /**
   * After a restart of the gateway: rejoins the networks of live nodes, decides about launches that it interrupted, and
   * completes attachments and ends.
   */
  async adopt(): Promise<void> {
    const { store, networks, volumes, log } = this.dependencies;
    const live = Object.values(store.data.instances).filter((each) => each.state !== 'terminated');
    for (const vpcId of new Set(live.map((each) => each.vpcId))) {
      // Without its network no node lives; its group finds out, and says why it cannot launch.
      await networks.ensure(vpcId).catch((error: unknown) => log(vpcId, errorText(error)));
    }
    for (const instance of live) {
      const running = await isRunning(instance.container);
      log(instance.id, `${instance.state}; its container ${instance.container} ${running ? 'runs' : 'does not run'}`);
      // A launch that nobody waits for any more: what runs is kept, what does not is replaced by its group.
      if (instance.state === 'pending')
        store.update(() => void (instance.state = running ? 'running' : 'shutting-down'));
    }
    this.completeEnds();
    volumes.adopt();
  }

  /** True when an instance should run and its container does not. */
  async isLost(instance: InstanceRecord): Promise<boolean> {
    if (instance.state !== 'running' || this.rebooting.has(instance.id)) return false;
    return !(await isRunning(instance.container));
  }
}

/** As EC2 names it in a VPC. */
export const privateDnsName = (instance: InstanceRecord): string =>
  `${instance.hostname}.${LAB_REGION}.compute.internal`;
