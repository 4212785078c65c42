import { isUsableAddress } from './subnet';
import { AwsError, ignoreNotFound } from '../errors';
import { tagList } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import type { InterfaceRecord, NodesStore } from './records';
import type { VpcNetworks } from './vpc-network';
import type { Properties, ResourceHandler, ResourceResult } from '../types';

/** AWS::EC2::NetworkInterface with the address asked for, which ministack ignores. */
export function interfaceResource(upstream: Upstream, store: NodesStore, networks: VpcNetworks): ResourceHandler {
  return {
    type: 'AWS::EC2::NetworkInterface',
    replaceOn: ['SubnetId', 'PrivateIpAddress'],

    async create(properties) {
      const { SubnetId: subnetId, PrivateIpAddress: wantedIp } = properties;
      await assertFree(upstream, store, subnetId, wantedIp);
      const answer = await upstream.query('ec2', 'CreateNetworkInterface', {
        SubnetId: subnetId,
        SecurityGroupId: properties.GroupSet,
        Description: properties.Description,
      });
      const id = requiredXmlValue(answer, 'networkInterfaceId');
      const upstreamIp = requiredXmlValue(answer, 'privateIpAddress');
      const networkInterface: InterfaceRecord = {
        id,
        subnetId,
        vpcId: requiredXmlValue(answer, 'vpcId'),
        privateIp: wantedIp,
        upstreamIp,
        macAddress: requiredXmlValue(answer, 'macAddress'),
        securityGroupIds: [...(properties.GroupSet ?? [])],
      };
      store.update((data) => void (data.interfaces[id] = networkInterface));
      await writeTags(upstream, id, properties);
      return result(networkInterface);
    },

    async update(id, properties) {
      const networkInterface = store.data.interfaces[id];
      if (!networkInterface) {
        throw new AwsError('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`);
      }
      await upstream.query('ec2', 'ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId: id,
        SecurityGroupId: properties.GroupSet,
      });
      store.update(() => void (networkInterface.securityGroupIds = [...(properties.GroupSet ?? [])]));
      await writeTags(upstream, id, properties);
      return result(networkInterface);
    },

    async delete(id) {
      const networkInterface = store.data.interfaces[id];
      if (networkInterface?.instanceId) {
        throw new AwsError(
          'InvalidNetworkInterface.InUse',
          `Network interface '${id}' is currently in use by ${networkInterface.instanceId}.`,
        );
      }
      await ignoreNotFound(upstream.query('ec2', 'DeleteNetworkInterface', { NetworkInterfaceId: id }));
      if (!networkInterface) return;
      store.update((data) => void delete data.interfaces[id]);
      const { vpcId } = networkInterface;
      if (!Object.values(store.data.interfaces).some((each) => each.vpcId === vpcId)) await networks.remove(vpcId);
    },
  };
}

async function assertFree(
  upstream: Upstream,
  store: NodesStore,
  subnetId: string,
  ip: string | undefined,
): Promise<void> {
  if (!ip) {
    throw new AwsError('ValidationError', 'the lab makes network interfaces with a PrivateIpAddress only; got none');
  }
  const subnet = await upstream.query('ec2', 'DescribeSubnets', { SubnetId: [subnetId] });
  const cidr = requiredXmlValue(subnet, 'cidrBlock');
  if (!isUsableAddress(cidr, ip)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Address ${ip} does not fall within the subnet's address range ${cidr}, of which AWS keeps the first four addresses and the last`,
    );
  }
  const holder = Object.values(store.data.interfaces).find(
    (each) => each.subnetId === subnetId && each.privateIp === ip,
  );
  if (holder) {
    throw new AwsError('InvalidIPAddress.InUse', `The specified address ${ip} is already in use by ${holder.id}.`);
  }
}

async function writeTags(upstream: Upstream, id: string, properties: Properties): Promise<void> {
  const tags = tagList(properties.Tags);
  if (tags.length > 0) await upstream.query('ec2', 'CreateTags', { ResourceId: [id], Tag: tags });
}

const result = (networkInterface: InterfaceRecord): ResourceResult => ({
  physicalId: networkInterface.id,
  attributes: {
    Id: networkInterface.id,
    PrimaryPrivateIpAddress: networkInterface.privateIp,
    VpcId: networkInterface.vpcId,
  },
});
