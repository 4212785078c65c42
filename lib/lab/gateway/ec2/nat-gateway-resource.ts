/** AWS::EC2::NatGateway: a record only; the lab's nodes reach the outside through Docker's own bridge. */
import { ignoreNotFound } from '../errors';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import { setTags } from './tags';
import type { ResourceHandler } from '../types';

export function natGatewayResource(upstream: Upstream): ResourceHandler {
  return {
    type: 'AWS::EC2::NatGateway',
    replaceOn: ['SubnetId', 'AllocationId', 'ConnectivityType', 'PrivateIpAddress'],
    async create({ SubnetId, AllocationId, ConnectivityType, Tags }) {
      const created = await upstream.query('ec2', 'CreateNatGateway', { SubnetId, AllocationId, ConnectivityType });
      const NatGatewayId = requiredXmlValue(created, 'natGatewayId');
      await setTags(upstream, NatGatewayId, Tags);
      return { physicalId: NatGatewayId, attributes: { NatGatewayId } };
    },
    async update(physicalId, { Tags }, old) {
      await setTags(upstream, physicalId, Tags, old.Tags);
      return { physicalId, attributes: { NatGatewayId: physicalId } };
    },
    async delete(physicalId) {
      await ignoreNotFound(upstream.query('ec2', 'DeleteNatGateway', { NatGatewayId: physicalId }));
    },
  };
}
