import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { Fn } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config';
import { type NodeRole, TAG } from '../contract';
import type { SlotPlace } from '../stacks/network';

const USER_DATA_SCRIPT = path.join(__dirname, '..', '..', 'assets', 'host', 'user-data.sh');

export interface NodeSlotProps {
  readonly config: Config;
  readonly place: SlotPlace;
  readonly amiId: string;
  readonly dataVolume: ec2.CfnVolume;
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly instanceProfile: iam.CfnInstanceProfile;
}

/** User data: the settings of this slot, then the script. Values are ids and ranges, never secrets. */
export function renderUserData(settings: Readonly<Record<string, string>>, script: string): string {
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  return ['#!/bin/bash', ...lines, script.replace(/^#!.*\n/, '')].join('\n');
}

/**
 * One place in the Swarm: an address, a volume, and an Auto Scaling group that always holds one instance.
 *
 * A replaced instance gets the same interface and the same volume, so it comes back as the same Swarm node: no
 * second `swarm init`, no new join, no new token.
 *
 * Resources Deployed: a network interface, a launch template, an Auto Scaling group.
 *
 * Security Considerations: IMDSv2 only, with hop limit 1, so that containers cannot reach the role's credentials.
 */
export class NodeSlot extends Construct {
  readonly group: autoscaling.CfnAutoScalingGroup;
  readonly role: NodeRole;

  constructor(scope: Construct, id: string, props: NodeSlotProps) {
    super(scope, id);
    const { config, place } = props;
    this.role = place.role;
    const name = `metals-${config.stage}-${place.slot}`;

    const networkInterface = new ec2.CfnNetworkInterface(this, 'Interface', {
      description: `${name}: the slot's fixed address`,
      subnetId: place.subnet.subnetId,
      privateIpAddress: place.address,
      groupSet: props.securityGroups.map((group) => group.securityGroupId),
      tags: [{ key: 'Name', value: name }],
    });

    const userData = renderUserData(
      {
        METALS_STAGE: config.stage,
        METALS_SLOT: place.slot,
        METALS_DATA_VOLUME_ID: props.dataVolume.ref,
        METALS_DOCKER_BRIDGE_CIDR: config.dockerBridgeCidr,
        METALS_GATEWAY_BRIDGE_CIDR: config.gatewayBridgeCidr,
        METALS_OVERLAY_ENCRYPTION: config.overlayEncryption,
        AWS_REGION: config.region,
        AWS_DEFAULT_REGION: config.region,
      },
      readFileSync(USER_DATA_SCRIPT, 'utf8'),
    );

    const template = new ec2.CfnLaunchTemplate(this, 'LaunchTemplate', {
      launchTemplateData: {
        imageId: props.amiId,
        instanceType: config.instanceType,
        iamInstanceProfile: { arn: props.instanceProfile.attrArn },
        // An existing interface at device 0: no security groups, subnet or address may be named here.
        networkInterfaces: [{ deviceIndex: 0, networkInterfaceId: networkInterface.ref, deleteOnTermination: false }],
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled' },
        blockDeviceMappings: [
          {
            deviceName: '/dev/xvda',
            ebs: { volumeSize: 10, volumeType: 'gp3', encrypted: true, deleteOnTermination: true },
          },
        ],
        userData: Fn.base64(userData),
      },
    });

    const tag = (key: string, value: string) => ({ key, value, propagateAtLaunch: true });
    this.group = new autoscaling.CfnAutoScalingGroup(this, 'Group', {
      minSize: '1',
      maxSize: '1',
      desiredCapacity: '1',
      // Zones, not subnets: the subnet is the interface's.
      availabilityZones: [place.availabilityZone],
      launchTemplate: { launchTemplateId: template.ref, version: template.attrLatestVersionNumber },
      // The interface and the volume can be in one instance only: the old one goes before the new one comes.
      instanceMaintenancePolicy: { minHealthyPercentage: 0, maxHealthyPercentage: 100 },
      tags: [
        tag('Name', name),
        tag(TAG.stage, config.stage),
        tag(TAG.slot, place.slot),
        tag(TAG.role, place.role),
        tag(TAG.dataVolumeId, props.dataVolume.ref),
      ],
    });
    this.group.cfnOptions.updatePolicy = {
      autoScalingRollingUpdate: {
        minInstancesInService: 0,
        maxBatchSize: 1,
        suspendProcesses: [
          'HealthCheck',
          'ReplaceUnhealthy',
          'AZRebalance',
          'AlarmNotification',
          'ScheduledActions',
          'InstanceRefresh',
        ],
      },
    };
  }
}
