/** AWS::EC2::EIP: an address in ministack's books; nothing is routed to it. */
import { ignoreNotFound } from '../errors';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue, xmlValue } from '../front-door/xml';
import { setTags } from './tags';
import type { ResourceHandler } from '../types';

export function eipResource(upstream: Upstream): ResourceHandler {
  const allocationOf = async (publicIp: string): Promise<string | undefined> =>
    xmlValue(await upstream.query('ec2', 'DescribeAddresses', { PublicIp: [publicIp] }), 'allocationId');
  return {
    type: 'AWS::EC2::EIP',
    replaceOn: ['Domain', 'Address', 'NetworkBorderGroup', 'PublicIpv4Pool'],
    async create({ Tags }) {
      const address = await upstream.query('ec2', 'AllocateAddress', { Domain: 'vpc' });
      const AllocationId = requiredXmlValue(address, 'allocationId');
      const PublicIp = requiredXmlValue(address, 'publicIp');
      await setTags(upstream, AllocationId, Tags);
      return { physicalId: PublicIp, attributes: { AllocationId, PublicIp } };
    },
    async update(physicalId, { Tags }, old) {
      const AllocationId = await allocationOf(physicalId);
      if (!AllocationId) throw new Error(`address ${physicalId} does not exist any more`);
      await setTags(upstream, AllocationId, Tags, old.Tags);
      return { physicalId, attributes: { AllocationId, PublicIp: physicalId } };
    },
    async delete(physicalId) {
      const AllocationId = await allocationOf(physicalId);
      if (AllocationId) await ignoreNotFound(upstream.query('ec2', 'ReleaseAddress', { AllocationId }));
    },
  };
}
