import { LAB_LABEL } from '../../../contract';
import { AwsError, ignoreNotFound } from '../errors';
import { tagList } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import { volumeName } from './container';
import { createVolume, removeVolume } from './docker-node';
import type { NodesStore } from './records';
import type { ResourceHandler } from '../types';

/** AWS::EC2::Volume as a Docker volume; its size is on record, not enforced. */
export function volumeResource(upstream: Upstream, store: NodesStore): ResourceHandler {
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
      await createVolume(volumeName(id), LAB_LABEL);
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
      const tags = tagList(properties.Tags);
      if (tags.length > 0) await upstream.query('ec2', 'CreateTags', { ResourceId: [id], Tag: tags });
      return attributes(id);
    },

    async delete(id) {
      const holder = store.data.volumes[id]?.instanceId;
      if (holder) throw new AwsError('VolumeInUse', `Volume ${id} is currently attached to ${holder}`);
      await removeVolume(volumeName(id));
      await ignoreNotFound(upstream.query('ec2', 'DeleteVolume', { VolumeId: id }));
      store.update((data) => void delete data.volumes[id]);
    },
  };
}
