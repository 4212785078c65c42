import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/**
 * What Swarm nodes say to each other, and HTTPS outwards; nothing comes in from elsewhere, not even from the VPC, unless it is admitted.
 * Operators connect through Session Manager, which needs no inbound rule.
 */
export class SwarmSecurityGroups extends Construct {
  /** Of every node. */
  readonly nodes: ec2.SecurityGroup;
  /** Of managers, besides. */
  readonly managers: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, vpc: ec2.IVpc) {
    super(scope, id);
    const group = (name: string, description: string) =>
      new ec2.SecurityGroup(this, name, { vpc, description, allowAllOutbound: false });
    this.nodes = group('Node', 'Swarm nodes among themselves');
    this.managers = group('Manager', 'Swarm management, for nodes alone');

    const between: [ec2.Port, string][] = [
      [ec2.Port.tcp(7946), 'Swarm gossip'],
      [ec2.Port.udp(7946), 'Swarm gossip'],
      [ec2.Port.udp(4789), 'overlay networks (VXLAN)'],
      // Without ESP an encrypted overlay drops everything between nodes while every service shows healthy.
      [ec2.Port.esp(), 'encrypted overlay networks (ESP, IP protocol 50)'],
    ];
    for (const [port, description] of between) {
      this.nodes.addIngressRule(this.nodes, port, description);
      this.nodes.addEgressRule(this.nodes, port, description);
    }
    this.managers.addIngressRule(this.nodes, ec2.Port.tcp(2377), 'Swarm management');
    this.nodes.addEgressRule(this.managers, ec2.Port.tcp(2377), 'Swarm management');
    // Systems Manager, ECR, S3, Secrets Manager and Amazon Linux's package repositories, all by HTTPS.
    this.nodes.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS APIs and packages');
  }

  /** Lets a group reach ports of every node. */
  admit(group: ec2.SecurityGroup, ports: readonly number[], description: string): void {
    for (const port of ports) {
      this.nodes.addIngressRule(group, ec2.Port.tcp(port), description);
      group.addEgressRule(this.nodes, ec2.Port.tcp(port), description);
    }
  }
}
