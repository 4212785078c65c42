/** Rules about more than one key of the configuration. Pure. */
import { overlapProblems, overlaps } from './cidr';
import type { Config } from './config';
import { LAB_REGION } from './contract';
import { slotNames } from './slots';

/** What contradicts each other in a configuration of which every single key is valid, a line each. */
export function conflictsOf(config: Config): string[] {
  const slots = slotNames(config);
  const unknownSlot = (key: 'kafkaSlot' | 'mongodbSlot') =>
    slots.includes(config[key]) ? [] : [`${key}: got "${config[key]}", expected one of ${slots.join(', ')}`];
  const lab = config.isLab
    ? config.region === LAB_REGION
      ? []
      : [`region: got "${config.region}", but the lab serves ${LAB_REGION} only; export AWS_REGION=${LAB_REGION}`]
    : config.fault === 'none'
      ? []
      : [`fault: got "${config.fault}", but images are broken on purpose in the lab only`];
  const topicRegion = config.alarmTopicArn.split(':')[3] ?? config.region;
  const alarmTopic =
    topicRegion === config.region
      ? []
      : [`alarmTopicArn: got a topic in ${topicRegion}, but alarms reach topics of their own region, ${config.region}`];
  return [
    ...unknownSlot('kafkaSlot'),
    ...unknownSlot('mongodbSlot'),
    ...lab,
    ...networkProblems(config),
    ...alarmTopic,
    ...overlapProblems([
      { name: 'vpcCidr', cidr: config.vpcCidr },
      { name: 'swarmAddressPool (ingress included)', cidr: config.swarmAddressPool },
      { name: 'dockerBridgeCidr', cidr: config.dockerBridgeCidr },
      { name: 'gatewayBridgeCidr', cidr: config.gatewayBridgeCidr },
      { name: 'frontendCidr', cidr: config.frontendCidr },
      { name: 'backendCidr', cidr: config.backendCidr },
      { name: 'monitoringCidr', cidr: config.monitoringCidr },
    ]),
  ];
}

function networkProblems(config: Config): string[] {
  const { availabilityZones: zones, egress, egressZones, vpcId, vpcSubnets, isLab } = config;
  const zonesWithWayOut =
    egressZones > zones.length
      ? [`egressZones: got ${egressZones}, expected at most one for each of availabilityZones`]
      : [];
  if (isLab && (vpcId !== 'none' || egress !== 'nat-gateway')) {
    return ['vpcId, egress: the lab has a VPC of its own, with NAT gateways; other networks are for AWS alone'];
  }
  if (vpcId === 'none') {
    return [
      ...zonesWithWayOut,
      ...(egress === 'existing' ? ['egress: got "existing", which is for an existing VPC; set vpcId as well'] : []),
      ...(vpcSubnets.length ? ['vpcSubnets: these are subnets of an existing VPC; set vpcId as well'] : []),
    ];
  }
  return [
    ...(egress === 'existing'
      ? []
      : [`egress: got "${egress}", but the routes of ${vpcId} are its owner's; leave egress out`]),
    ...(vpcSubnets.length === zones.length
      ? []
      : [`vpcSubnets: got ${vpcSubnets.length}, expected one for each of availabilityZones ${zones.join(',')}`]),
    ...vpcSubnets
      .filter(({ cidr }) => !overlaps(cidr, config.vpcCidr))
      .map(({ id, cidr }) => `vpcSubnets: ${id} has ${cidr}, which is not in vpcCidr ${config.vpcCidr}`),
    ...overlapProblems(vpcSubnets.map(({ id, cidr }) => ({ name: `vpcSubnets ${id}`, cidr }))),
  ];
}
