/** Rules about more than one key of the configuration. Pure. */
import { cidrProblem, overlapProblems, overlaps } from './cidr';
import type { Config } from './config';
import { LAB_REGION } from './contract';
import { engineProblems } from './engine-conflicts';
import { hasOwnKafka, hasOwnMongodb } from './engines';
import { brokerSlots, slotNames } from './slots';

/**
 * What contradicts each other in a configuration of which every single key is valid, a line each.
 *
 * @param given keys that were set
 */
export function conflictsOf(config: Config, given: readonly string[]): string[] {
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
    ...(hasOwnKafka(config) ? unknownSlot('kafkaSlot') : []),
    ...(hasOwnMongodb(config) ? unknownSlot('mongodbSlot') : []),
    ...brokerProblems(config, slots),
    ...engineProblems(config, given),
    ...lab,
    ...networkProblems(config),
    ...loadBalancerProblems(config),
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

function brokerProblems(config: Config, slots: readonly string[]): string[] {
  if (!hasOwnKafka(config)) return [];
  const { kafkaBrokers: brokers, kafkaMode, kafkaOtherSlots: others } = config;
  if (brokers > slots.length)
    return [
      `kafkaBrokers: got ${brokers}, each on a slot of its own, but there are ${slots.length}; set workers as well`,
    ];
  const unknown = others.filter((slot) => !slots.includes(slot));
  return [
    ...(brokers > 1 && kafkaMode === 'zookeeper'
      ? ['kafkaBrokers: several brokers keep their metadata themselves; leave kafkaMode out']
      : []),
    ...(unknown.length ? [`kafkaOtherSlots: got "${unknown.join(',')}", expected some of ${slots.join(', ')}`] : []),
    ...(others.length !== brokers - 1 || new Set(brokerSlots(config)).size !== others.length + 1
      ? [
          `kafkaOtherSlots: got "${others.join(',')}", expected ${brokers - 1} slots beside ${config.kafkaSlot}, ` +
            `one for each of kafkaBrokers=${brokers} but the first`,
        ]
      : []),
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
      ...(cidrProblem(config.vpcCidr, 16, 20)
        ? [`vpcCidr: got ${config.vpcCidr}, but a VPC of its own needs a range between /16 and /20`]
        : []),
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

function loadBalancerProblems(config: Config): string[] {
  const { loadBalancer, loadBalancerCertificateArn: certificate, loadBalancerCidrs: ranges, egress, vpcId } = config;
  if (loadBalancer === 'none') {
    return certificate === 'none' && ranges.length === 0
      ? []
      : ['loadBalancerCertificateArn, loadBalancerCidrs: there is no load balancer; set loadBalancer as well'];
  }
  if (config.isLab && (loadBalancer === 'public' || certificate !== 'none'))
    return ['loadBalancer: the lab has no certificates; there it is an internal one, without TLS'];
  const [, , , region = config.region, account = config.account] = certificate.split(':');
  const elsewhere =
    region === config.region && account === config.account
      ? []
      : [
          `loadBalancerCertificateArn: got a certificate of ${region} and account ${account}, ` +
            `expected one of ${config.region} and ${config.account}`,
        ];
  if (loadBalancer === 'internal') return elsewhere;
  return [
    ...elsewhere,
    ...(certificate === 'none'
      ? ['loadBalancer: a public one speaks TLS only, for requests carry the API key; set loadBalancerCertificateArn']
      : []),
    ...(ranges.length === 0
      ? ['loadBalancer: say who may connect to a public one; loadBalancerCidrs=0.0.0.0/0 is everybody']
      : []),
    ...(egress === 'endpoints' || vpcId !== 'none'
      ? ['loadBalancer: a public one needs the public subnets of a VPC of its own, with egress by NAT']
      : []),
  ];
}
