/** EC2's calls on volumes: the record is ministack's; the disk, and what is attached where, are the lab's. */
import { AwsError } from '../errors';
import { editReply, relay } from '../ministack/forward';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import type { Interceptor, LabReply, LabRequest } from '../types';
import type { Disks } from './disks';
import { forwardEdited, NAMESPACE, xmlReply } from './ec2-reply';
import type { NodesData, NodesStore } from './records';
import { attachmentXml, correctVolumes, type Volumes } from './volumes';

export interface VolumeApiDependencies {
  readonly upstream: Upstream;
  readonly store: NodesStore;
  readonly volumes: Volumes;
  readonly disks: Disks;
}

const GIB_RANGE = { least: 1, most: 16384 } as const;

export function volumeActions({
  upstream,
  store,
  volumes,
  disks,
}: VolumeApiDependencies): Readonly<Record<string, Interceptor>> {
  const { data } = store;
  /** Answers ministack's reply, after the lab's own part if it is none of an error. */
  const forwardedThen = async (
    { message, body }: LabRequest,
    own: (xml: string) => Promise<void>,
  ): Promise<LabReply> => {
    const reply = await relay(upstream, message, body);
    if (reply.status < 300) await own(reply.text);
    return editReply(reply, (text) => text);
  };
  const sizeOf = async (volumeId: string): Promise<number> =>
    Number(requiredXmlValue(await upstream.query('ec2', 'DescribeVolumes', { VolumeId: [volumeId] }), 'size'));

  return {
    DescribeVolumes: (request) => forwardEdited(upstream, request, (text) => correctVolumes(data, text)),

    CreateVolume: (request) => {
      const { availabilityZone, sizeGib } = creationOf(request.params);
      return forwardedThen(request, async (xml) => {
        const id = requiredXmlValue(xml, 'volumeId');
        try {
          await disks.create(id, sizeGib);
        } catch (error) {
          // A record without a disk would be taken for a volume.
          await upstream.query('ec2', 'DeleteVolume', { VolumeId: id });
          throw error;
        }
        store.update(() => void (data.volumes[id] = { id, availabilityZone }));
      });
    },

    ModifyVolume: async (request) => {
      const { VolumeId: id, Size } = request.params as Record<string, string>;
      if (!data.volumes[id!] || Size === undefined) return undefined;
      const [from, to] = [await sizeOf(id!), Number(Size)];
      if (to < from)
        throw new AwsError(
          'InvalidParameterValue',
          `New size cannot be smaller than existing size: ${id} has ${from} GiB, asked for ${to} GiB`,
        );
      // First: where the disk cannot grow, the volume keeps its size, and the next call grows it. The file system does not
      // grow with it: that is the instance's own work, as on AWS.
      if (to > from) await disks.grow(id!, to);
      return forwardedThen(request, async () => undefined);
    },

    DeleteVolume: async (request) => {
      const id: string = request.params.VolumeId;
      refuseWhileAttached(data, id);
      if (!data.volumes[id]) return undefined;
      // First: where the disk cannot go, the volume stays, and a second call finds it.
      await disks.remove(id);
      return forwardedThen(request, async () => store.update(() => void delete data.volumes[id]));
    },

    AttachVolume: async ({ params }) => {
      const { VolumeId, InstanceId, Device } = params as Record<string, string>;
      const attachment = await volumes.attach(VolumeId!, InstanceId!, Device ?? '');
      return xmlReply(
        `<AttachVolumeResponse xmlns="${NAMESPACE}"><requestId>${crypto.randomUUID()}</requestId>` +
          `${attachmentXml(VolumeId!, attachment)}</AttachVolumeResponse>`,
      );
    },

    DetachVolume: async ({ params }) => refuseWhileAttached(data, params.VolumeId),
  };
}

/** What CreateVolume asks for. ministack would make up what is missing. */
function creationOf(params: Readonly<Record<string, string>>): { availabilityZone: string; sizeGib: number } {
  const { AvailabilityZone, Size, SnapshotId } = params;
  if (SnapshotId) throw new AwsError('UnsupportedOperation', 'the lab has no snapshots to make volumes of');
  if (!AvailabilityZone)
    throw new AwsError('MissingParameter', 'The request must contain the parameter AvailabilityZone');
  if (!Size) throw new AwsError('MissingParameter', 'The request must contain the parameter size or snapshotId');
  const sizeGib = Number(Size);
  if (!Number.isInteger(sizeGib) || sizeGib < GIB_RANGE.least || sizeGib > GIB_RANGE.most)
    throw new AwsError('InvalidParameterValue', `Value (${Size}) for parameter size is invalid.`);
  return { availabilityZone: AvailabilityZone, sizeGib };
}

function refuseWhileAttached(data: NodesData, volumeId: string): undefined {
  const holder = data.volumes[volumeId]?.attachment?.instanceId;
  if (!holder) return undefined;
  throw new AwsError(
    'VolumeInUse',
    `Volume ${volumeId} is in use by ${holder}; in the lab it is detached only by the end of its instance`,
  );
}
