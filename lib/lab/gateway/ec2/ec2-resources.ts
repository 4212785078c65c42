/** The CloudFormation types of EC2 that the gateway serves. */
import type { Upstream } from '../ministack/upstream';
import type { ResourceHandler } from '../types';
import { eipResource } from './eip-resource';
import { interfaceResource } from './interface-resource';
import { launchTemplateResource } from './launch-template-resource';
import { natGatewayResource } from './nat-gateway-resource';
import type { NodesStore } from './records';
import { securityGroupRuleResource } from './security-group-rule-resource';
import type { SecurityGroups } from './security-groups';
import type { VpcNetworks } from './vpc-network';

export const ec2Resources = (
  upstream: Upstream,
  store: NodesStore,
  networks: VpcNetworks,
  securityGroups: Pick<SecurityGroups, 'refresh'>,
): readonly ResourceHandler[] => [
  eipResource(upstream),
  natGatewayResource(upstream),
  ...[
    securityGroupRuleResource(upstream, 'Ingress'),
    securityGroupRuleResource(upstream, 'Egress'),
    interfaceResource(upstream, store, networks),
  ].map((handler) => thenRefresh(handler, securityGroups)),
  launchTemplateResource(store),
];

/** Such a resource is done once the nodes have the rules that it makes. */
export function thenRefresh(
  handler: ResourceHandler,
  securityGroups: Pick<SecurityGroups, 'refresh'>,
): ResourceHandler {
  const refreshed = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    await securityGroups.refresh();
    return result;
  };
  return {
    ...handler,
    create: (...args) => refreshed(handler.create(...args)),
    update: handler.update && ((...args) => refreshed(handler.update!(...args))),
    delete: (...args) => refreshed(handler.delete(...args)),
  };
}
