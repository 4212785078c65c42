import { AwsError, ignoreNotFound } from '../errors';
import { tagList } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import type { Disks } from './disks';
import type { NodesStore } from './records';
import type { ResourceHandler } from '../types';

/** AWS::EC2::Volume: a record in ministack, and a disk. */
export function volumeResource(upstream: Upstream, store: NodesStore, disks: Disks): ResourceHandler {
  const attributes = (id: string) => ({ physicalId: id, attributes: { VolumeId: id } });
  return {
    type: 'AWS::EC2::Volume',
    replaceOn: ['AvailabilityZone', 'Encrypted', 'KmsKeyId', 'SnapshotId'],

    async create(properties) {
      const answer = await upstream.query('ec2', 'CreateVolume', {
        AvailabilityZone: properties.AvailabilityZone,
        Size: properties.Size,
        VolumeType: properties.VolumeType,
        Iops: properties.Iops,
        Throughput: properties.Throughput,
        Encrypted: properties.Encrypted,
        TagSpecification: [{ ResourceType: 'volume', Tag: tagList(properties.Tags) }],
      });
      const id = requiredXmlValue(answer, 'volumeId');
      await disks.create(id, Number(properties.Size));
      store.update((data) => void (data.volumes[id] = { id, availabilityZone: properties.AvailabilityZone }));
      return attributes(id);
    },

    async update(id, properties, old) {
      if (Number(properties.Size) < Number(old.Size)) {
        throw new AwsError(
          'InvalidParameterValue',
          `New size cannot be smaller than existing size: ${id} has ${old.Size} GiB, asked for ${properties.Size} GiB`,
        );
      }
      await upstream.query('ec2', 'ModifyVolume', {
        VolumeId: id,
        Size: properties.Size,
        VolumeType: properties.VolumeType,
        Iops: properties.Iops,
        Throughput: properties.Throughput,
      });
      // The file system does not grow with it: that is the instance's own work, as on AWS.
      if (Number(properties.Size) > Number(old.Size)) await disks.grow(id, Number(properties.Size));
      const tags = tagList(properties.Tags);
      if (tags.length > 0) await upstream.query('ec2', 'CreateTags', { ResourceId: [id], Tag: tags });
      return attributes(id);
    },

    async delete(id) {
      const holder = store.data.volumes[id]?.attachment?.instanceId;
      if (holder) throw new AwsError('VolumeInUse', `Volume ${id} is currently attached to ${holder}`);
      await disks.remove(id);
      await ignoreNotFound(upstream.query('ec2', 'DeleteVolume', { VolumeId: id }));
      store.update((data) => void delete data.volumes[id]);
    },
  };
}
