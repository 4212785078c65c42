/** The CloudFormation types of EC2 that the gateway serves. */
import type { Upstream } from '../ministack/upstream';
import type { ResourceHandler } from '../types';
import { eipResource } from './eip-resource';
import { interfaceResource } from './interface-resource';
import { launchTemplateResource } from './launch-template-resource';
import { natGatewayResource } from './nat-gateway-resource';
import type { NodesStore } from './records';
import { securityGroupRuleResource } from './security-group-rule-resource';
import type { Disks } from './disks';
import { volumeResource } from './volume-resource';
import type { VpcNetworks } from './vpc-network';

export const ec2Resources = (
  upstream: Upstream,
  store: NodesStore,
  networks: VpcNetworks,
  disks: Disks,
): readonly ResourceHandler[] => [
  eipResource(upstream),
  natGatewayResource(upstream),
  securityGroupRuleResource(upstream, 'Ingress'),
  securityGroupRuleResource(upstream, 'Egress'),
  interfaceResource(upstream, store, networks),
  volumeResource(upstream, store, disks),
  launchTemplateResource(store),
];
