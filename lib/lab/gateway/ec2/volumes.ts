/** EBS volumes with EC2's states: a device that appears some time after AttachVolume, and goes after its instance. */
import { AwsError, ignoreNotFound } from '../errors';
import { errorText, type Log } from '../log';
import type { Upstream } from '../ministack/upstream';
import type { Timing } from '../timing';
import type { Disks } from './disks';
import type { AttachmentRecord, InstanceRecord, NodesData, NodesStore, VolumeRecord } from './records';

/** Names that EC2 recommends for EBS data volumes; on Nitro instances they are kept and otherwise ignored. */
const DEVICE_NAME = /^(\/dev\/)?(sd[f-p]|xvd[f-p])$/;

const UNPLUG_ATTEMPTS = 10;
const UNPLUG_RETRY_MILLISECONDS = 1000;

export interface VolumesDependencies {
  readonly store: NodesStore;
  readonly disks: Disks;
  readonly upstream: Upstream;
  readonly timing: Timing;
  readonly log: Log;
}

/** Pure: why EC2 refuses an attachment, or undefined. */
export function attachmentProblem(
  data: NodesData,
  volumeId: string,
  instanceId: string,
  device: string,
): AwsError | undefined {
  const volume = data.volumes[volumeId];
  if (!volume) return new AwsError('InvalidVolume.NotFound', `The volume '${volumeId}' does not exist.`);
  const instance = data.instances[instanceId];
  if (!instance || instance.state === 'terminated')
    return new AwsError('InvalidInstanceID.NotFound', `The instance ID '${instanceId}' does not exist`);
  if (!DEVICE_NAME.test(device))
    return new AwsError('InvalidParameterValue', `Value (${device}) for parameter device is invalid.`);
  if (volume.attachment) return new AwsError('VolumeInUse', `${volumeId} is already attached to an instance`);
  if (instance.state !== 'running') return new AwsError('IncorrectState', `Instance '${instanceId}' is not 'running'.`);
  if (volume.availabilityZone !== instance.availabilityZone)
    return new AwsError(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volumeId}' is not in the same availability zone as instance '${instanceId}'`,
    );
  return undefined;
}

export class Volumes {
  constructor(private readonly dependencies: VolumesDependencies) {}

  /** AttachVolume: answers at once; the device appears in the node later. @throws AwsError as EC2 does */
  async attach(volumeId: string, instanceId: string, device: string): Promise<AttachmentRecord> {
    const { store } = this.dependencies;
    const problem = attachmentProblem(store.data, volumeId, instanceId, device);
    if (problem) throw problem;
    const attachment: AttachmentRecord = { instanceId, device, state: 'attaching', time: new Date().toISOString() };
    store.update((data) => void (data.volumes[volumeId]!.attachment = attachment));
    await this.recordUpstream(volumeId, attachment);
    this.inBackground(volumeId, this.completeAttachment(volumeId));
    return attachment;
  }

  private async recordUpstream(volumeId: string, { instanceId, device }: AttachmentRecord): Promise<void> {
    const { upstream } = this.dependencies;
    await upstream.query('ec2', 'AttachVolume', { VolumeId: volumeId, InstanceId: instanceId, Device: device });
  }

  private async completeAttachment(volumeId: string): Promise<void> {
    const { store, disks, timing, log } = this.dependencies;
    await timing.wait('volumeAppears');
    const volume = store.data.volumes[volumeId];
    const attachment = volume?.attachment;
    const instance = store.data.instances[attachment?.instanceId ?? ''];
    if (attachment?.state !== 'attaching' || instance?.state !== 'running') return;
    try {
      await disks.plugIn(volumeId, instance.container);
    } catch (error) {
      return this.abandonAttachment(volume!, errorText(error));
    }
    store.update(() => {
      attachment.state = 'attached';
      delete volume!.lastFailure;
    });
    log(volumeId, `attached to ${instance.id}`);
  }

  /** The volume is available again, so that the boot that waits for it asks anew: a loop device may be free by then. */
  private async abandonAttachment(volume: VolumeRecord, reason: string): Promise<void> {
    const { store, upstream, log } = this.dependencies;
    log(volume.id, `not attached: ${reason}`);
    // The end of its instance frees it.
    if (volume.attachment?.state !== 'attaching') return;
    await ignoreNotFound(upstream.query('ec2', 'DetachVolume', { VolumeId: volume.id }));
    store.update(() => {
      volume.lastFailure = reason;
      delete volume.attachment;
    });
  }

  /** For a volume that is mounted from the start of its node. */
  async attachMounted(volumeId: string, { id }: InstanceRecord): Promise<void> {
    const time = new Date().toISOString();
    const attachment: AttachmentRecord = { instanceId: id, device: '/dev/sdf', state: 'attached', time };
    this.dependencies.store.update((data) => void (data.volumes[volumeId]!.attachment = attachment));
    await this.recordUpstream(volumeId, attachment);
  }

  /** Frees what an instance held, once its container is gone. */
  async release(instanceId: string): Promise<void> {
    const { store, upstream, log } = this.dependencies;
    for (const volume of heldBy(store.data, instanceId)) {
      store.update(() => void (volume.attachment!.state = 'detaching'));
      await this.unplug(volume.id);
      // ministack's state may be older than ours: it saves on an orderly end only.
      await ignoreNotFound(upstream.query('ec2', 'DetachVolume', { VolumeId: volume.id }));
      store.update(() => void delete volume.attachment);
      log(volume.id, `available: ${instanceId} is gone`);
    }
  }

  /** A container that was killed leaves its file system mounted for a moment. */
  private async unplug(volumeId: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dependencies.disks.unplug(volumeId);
      } catch (error) {
        if (attempt === UNPLUG_ATTEMPTS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, UNPLUG_RETRY_MILLISECONDS));
    }
  }

  /** After a restart of the gateway: completes attachments that it interrupted. */
  adopt(): void {
    for (const { id, attachment } of Object.values(this.dependencies.store.data.volumes)) {
      if (attachment?.state === 'attaching') this.inBackground(id, this.completeAttachment(id));
    }
  }

  private inBackground(volumeId: string, work: Promise<void>): void {
    work.catch((error: unknown) => this.dependencies.log(volumeId, `stays attaching: ${errorText(error)}`));
  }
}

const heldBy = (data: NodesData, instanceId: string): VolumeRecord[] =>
  Object.values(data.volumes).filter(({ attachment }) => attachment?.instanceId === instanceId);

/** Pure: ministack's DescribeVolumes with the attachments as they are in the lab. */
export function correctVolumes(data: NodesData, xml: string): string {
  const item = /<volumeId>(vol-[0-9a-f]+)<\/volumeId>\s*<size>[\s\S]*?<attachmentSet>[\s\S]*?<\/attachmentSet>/g;
  return xml.replace(item, (text, id: string) => {
    const volume = data.volumes[id];
    if (!volume) return text;
    const { attachment } = volume;
    const attachments = attachment ? `<item>${attachmentXml(id, attachment)}</item>` : '';
    return text
      .replace(/<status>[^<]*/, `<status>${attachment ? 'in-use' : 'available'}`)
      .replace(/<attachmentSet>[\s\S]*/, `<attachmentSet>${attachments}</attachmentSet>`);
  });
}

/** An item of a volume's attachmentSet, and the answer of AttachVolume. */
export const attachmentXml = (volumeId: string, attachment: AttachmentRecord): string =>
  `<volumeId>${volumeId}</volumeId><instanceId>${attachment.instanceId}</instanceId>` +
  `<device>${attachment.device}</device><status>${attachment.state}</status>` +
  `<attachTime>${attachment.time}</attachTime><deleteOnTermination>false</deleteOnTermination>`;
