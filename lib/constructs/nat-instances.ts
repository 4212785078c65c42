import fs from 'node:fs';
import path from 'node:path';
import { Fn, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Config } from '../config';
import { NAT_INSTANCE } from '../contract';
import { REPOSITORY } from '../repository';

const USER_DATA = path.join(REPOSITORY, 'assets/nat/user-data.sh');

/** The script, with what it needs to know after its first line. */
function renderUserData(variables: Readonly<Record<string, string>>): string {
  const [shebang, ...lines] = fs.readFileSync(USER_DATA, 'utf8').split('\n');
  return [shebang, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), ...lines].join('\n');
}

/**
 * Instances that forward the nodes' HTTPS, for a third of the price of NAT gateways. EC2 restarts one on other hardware
 * when its own fails; meanwhile no node of its zones has a way out. Routes lead to one once it has said that it forwards.
 *
 * Security Considerations: HTTPS from the VPC and outwards, and the ports of external engines (ways-to-engines.ts), nothing else; a role without
 * permissions, no key pair, IMDSv2 only; the machine image is the one that the nodes have.
 */
export class NatInstances extends ec2.NatInstanceProviderV2 {
  constructor(config: Pick<Config, 'region' | 'amiId'>) {
    super({
      instanceType: new ec2.InstanceType(NAT_INSTANCE.type),
      machineImage: ec2.MachineImage.genericLinux({ [config.region]: config.amiId }),
      defaultAllowedTraffic: ec2.NatTrafficDirection.NONE,
      associatePublicIpAddress: true,
    });
  }

  /** Once the VPC has made them. */
  finish(vpc: ec2.Vpc): void {
    const https = ec2.Port.tcp(443);
    this.connections.allowFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock), https, 'HTTPS of the nodes');
    this.connections.allowTo(ec2.Peer.anyIpv4(), https, 'HTTPS of the nodes, and packages');
    const { stackName, region } = Stack.of(vpc);
    for (const { instance } of this.gatewayInstances) {
      instance.addPropertyOverride('MetadataOptions', { HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
      instance.addPropertyOverride('BlockDeviceMappings', [
        {
          DeviceName: '/dev/xvda',
          Ebs: { VolumeSize: NAT_INSTANCE.rootVolumeGiB, VolumeType: 'gp3', Encrypted: true },
        },
      ]);
      instance.addPropertyOverride('PropagateTagsToVolumeOnCreation', true);
      const known = { METALS_STACK: stackName, METALS_RESOURCE: instance.logicalId, AWS_REGION: region };
      instance.userData = Fn.base64(renderUserData(known));
      instance.cfnOptions.creationPolicy = { resourceSignal: { count: 1, timeout: 'PT15M' } };
    }
  }
}
