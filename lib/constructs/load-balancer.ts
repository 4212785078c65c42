import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { IpTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { addressAt } from '../cidr';
import type { Config } from '../config';
import { loadBalancerName, PROCESSOR_PORT, PRODUCER_PORT } from '../contract';
import { LOAD_BALANCER_HOST_OFFSET } from '../slots';

/** From the health check that fails until a leaving edge has ended at the latest: its drain and HAProxy's hard stop, less one check. */
const EDGE_LEAVES_SECONDS = 30;

export interface LoadBalancerProps {
  readonly config: Config;
  readonly vpc: ec2.IVpc;
  /** Public ones for `public`, else those of the slots. */
  readonly subnets: readonly ec2.ISubnet[];
  /** Fixed addresses of the slots: an instance that is replaced is the same target. */
  readonly addresses: readonly string[];
}

/** A port of the load balancer, and the one that `edge` publishes on every node behind it. */
interface Front {
  readonly name: string;
  readonly port: number;
  readonly nodePort: number;
}

/**
 * Spreads connections over all nodes. Of a public one the processor's port stays inside: nobody outside needs its health.
 *
 * Resources Deployed: a network load balancer, a listener and a target group for each port; with a certificate a bucket of
 * access logs, which exist for TLS alone.
 *
 * Security Considerations: takes connections from the configured ranges only; a public one speaks TLS only.
 */
export class LoadBalancer extends Construct {
  /** Its security group, which the nodes admit. */
  readonly group: ec2.SecurityGroup;
  /** Published by `edge` on every node. */
  readonly nodePorts: readonly number[];
  readonly dnsName: string;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { config, vpc, subnets } = props;
    const isPublic = config.loadBalancer === 'public';
    this.group = new ec2.SecurityGroup(this, 'Group', {
      vpc,
      description: 'Load balancer, to the ports of edge on the nodes',
      allowAllOutbound: false,
    });
    const balancer = new elb.NetworkLoadBalancer(this, 'Resource', {
      vpc,
      loadBalancerName: loadBalancerName(config.stage, isPublic ? 'public' : 'internal'),
      internetFacing: isPublic,
      // Some zones have one node and others none: each address of the balancer reaches all of them.
      crossZoneEnabled: true,
      securityGroups: [this.group],
      // In the slots' subnets it must never take the address of a slot that is added later.
      ...(isPublic
        ? { vpcSubnets: { subnets: [...subnets] } }
        : {
            subnetMappings: subnets.map((subnet) => ({
              subnet,
              privateIpv4Address: addressAt(subnet.ipv4CidrBlock, LOAD_BALANCER_HOST_OFFSET),
            })),
          }),
    });
    this.dnsName = balancer.loadBalancerDnsName;
    const fronts = frontsOf(config);
    this.nodePorts = fronts.map(({ nodePort }) => nodePort);
    for (const front of fronts) this.listen(balancer, front, props);
    if (config.loadBalancerCertificateArn !== 'none') balancer.logAccessLogs(this.accessLogs(config));
  }

  private listen(balancer: elb.NetworkLoadBalancer, { name, port, nodePort }: Front, props: LoadBalancerProps): void {
    const { config, addresses } = props;
    const certificateArn = config.loadBalancerCertificateArn;
    const ranges = config.loadBalancerCidrs.length ? config.loadBalancerCidrs : [config.vpcCidr];
    for (const range of ranges) this.group.addIngressRule(ec2.Peer.ipv4(range), ec2.Port.tcp(port), name);
    const listener = balancer.addListener(name, {
      port,
      ...(certificateArn === 'none'
        ? { protocol: elb.Protocol.TCP }
        : {
            protocol: elb.Protocol.TLS,
            certificates: [elb.ListenerCertificate.fromArn(certificateArn)],
          }),
    });
    const nodes = listener.addTargets('Nodes', {
      port: nodePort,
      protocol: elb.Protocol.TCP,
      targets: addresses.map((address) => new IpTarget(address, nodePort)),
      // `edge` limits each source.
      preserveClientIp: true,
      deregistrationDelay: Duration.seconds(30),
      healthCheck: {
        protocol: elb.Protocol.HTTP,
        path: '/health',
        healthyHttpCodes: '200',
        interval: Duration.seconds(5),
        timeout: Duration.seconds(4),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 2,
      },
    });
    // Otherwise it would cut off what a leaving edge still answers, as soon as that edge fails its health check.
    nodes.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
    nodes.setAttribute('target_health_state.unhealthy.draining_interval_seconds', String(EDGE_LEAVES_SECONDS));
  }

  private accessLogs({ dataRemoval }: Config): s3.Bucket {
    return new s3.Bucket(this, 'AccessLogs', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(30) }],
      removalPolicy: dataRemoval === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      autoDeleteObjects: dataRemoval === 'destroy',
    });
  }
}

function frontsOf({ loadBalancer, loadBalancerCertificateArn }: Config): Front[] {
  const isTls = loadBalancerCertificateArn !== 'none';
  const producer = { name: 'Producer', port: isTls ? 443 : PRODUCER_PORT, nodePort: PRODUCER_PORT };
  const processor = { name: 'Processor', port: isTls ? 8443 : PROCESSOR_PORT, nodePort: PROCESSOR_PORT };
  return loadBalancer === 'public' ? [producer] : [producer, processor];
}
