import { CfnOutput } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Config } from '../config';
import { waysToEngines } from '../engines';

export interface WaysToEnginesProps {
  readonly config: Config;
  /** Of every node, and so of the tasks on it. */
  readonly nodes: ec2.ISecurityGroup;
  /** Of NAT instances, if there are any. */
  readonly nat?: ec2.ISecurityGroup;
}

/**
 * Lets tasks reach engines of somebody else. These are rules of the pipeline, not of the groups that they are in: CloudFormation
 * removes what a template no longer has once all else is updated, so a pipeline that moves away still reaches the engines
 * that it moves away from (docs/growing.md).
 */
export class WaysToEngines extends Construct {
  constructor(scope: Construct, id: string, { config, nodes, nat }: WaysToEnginesProps) {
    super(scope, id);
    // Whatever the engines: a deployment that goes back to others names the groups again.
    new CfnOutput(this, 'NodesGroup', {
      value: nodes.securityGroupId,
      description: 'Security group of the nodes, which those of external engines let in',
    });
    if (nat)
      new CfnOutput(this, 'NatGroup', {
        value: nat.securityGroupId,
        description: 'Security group of the NAT instances',
      });
    for (const { engine, ports, cidrs } of waysToEngines(config)) {
      for (const port of ports) {
        for (const cidr of cidrs) this.letOut('Nodes', nodes, engine, port, cidr);
        if (!nat) continue;
        const groupId = nat.securityGroupId;
        const from = { groupId, cidrIp: config.vpcCidr, ...rule(engine, port) };
        new ec2.CfnSecurityGroupIngress(this, `Nat-${engine}-${port}`, from);
        for (const cidr of cidrs) this.letOut('Nat', nat, engine, port, cidr);
      }
    }
  }

  private letOut(whose: string, group: ec2.ISecurityGroup, engine: string, port: number, cidrIp: string): void {
    const id = `${whose}-${engine}-${port}-${cidrIp}`.replace(/[^A-Za-z0-9-]/g, '-');
    new ec2.CfnSecurityGroupEgress(this, id, { groupId: group.securityGroupId, cidrIp, ...rule(engine, port) });
  }
}

const rule = (engine: string, port: number) => ({
  ipProtocol: 'tcp',
  fromPort: port,
  toPort: port,
  description: `external ${engine}`,
});
