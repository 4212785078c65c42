import { type CustomResource, Fn, Lazy, Stack } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Config } from '../config';
import { TAG } from '../contract';
import type { SlotPlace } from '../stacks/network';
import type { SlotRole } from './node-roles';
import { renderUserData } from './user-data';

/**
 * How long a slot may take from the launch of its instance, or from the end of the one before, until it is ready, as
 * CloudFormation writes durations. CloudFormation allows one hour at most.
 */
const READY_TIMEOUT = 'PT30M';

export interface NodeSlotProps {
  readonly config: Config;
  readonly place: SlotPlace;
  readonly amiId: string;
  readonly dataVolume: CustomResource;
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly slotRole: SlotRole;
}

/**
 * One place in the Swarm: an address, a volume, and an Auto Scaling group that always holds one instance.
 *
 * A replaced instance gets the same interface and the same volume, so it comes back as the same Swarm node: no
 * second `swarm init`, no new join, no new token.
 *
 * CloudFormation takes a group for created or updated only when its instance says that it is ready (assets/host/lib/
 * deployment.sh). Groups that depend on each other are therefore replaced one after the other.
 *
 * Resources Deployed: a network interface, a launch template, an Auto Scaling group.
 *
 * Security Considerations: IMDSv2 only, with hop limit 1, so that containers cannot reach the role's credentials.
 */
export class NodeSlot extends Construct {
  readonly group: autoscaling.CfnAutoScalingGroup;

  constructor(scope: Construct, id: string, props: NodeSlotProps) {
    super(scope, id);
    const { config, place } = props;
    const name = `metals-${config.stage}-${place.slot}`;

    const networkInterface = new ec2.CfnNetworkInterface(this, 'Interface', {
      description: `${name}: the slot's fixed address`,
      subnetId: place.subnet.subnetId,
      privateIpAddress: place.address,
      groupSet: props.securityGroups.map((group) => group.securityGroupId),
      tags: [{ key: 'Name', value: name }],
    });

    const { stackName, urlSuffix } = Stack.of(this);
    const userData = renderUserData({
      METALS_STAGE: config.stage,
      METALS_SLOT: place.slot,
      METALS_ROLE: place.role,
      METALS_DATA_VOLUME_ID: props.dataVolume.ref,
      METALS_DOCKER_BRIDGE_CIDR: config.dockerBridgeCidr,
      METALS_GATEWAY_BRIDGE_CIDR: config.gatewayBridgeCidr,
      METALS_OVERLAY_ENCRYPTION: config.overlayEncryption,
      ...(place.role === 'manager' && config.managers > 1 && { METALS_MANAGERS: String(config.managers) }),
      METALS_REGISTRY: `${config.account}.dkr.ecr.${config.region}.${urlSuffix}`,
      // By name: references to the stack and the group would be a circle.
      METALS_STACK: stackName,
      METALS_GROUP: Lazy.string({ produce: () => this.group.logicalId }),
      AWS_REGION: config.region,
      AWS_DEFAULT_REGION: config.region,
    });
    const volumeTags = Object.entries(config.tags).map(([key, value]) => ({ key, value }));
    const template = new ec2.CfnLaunchTemplate(this, 'LaunchTemplate', {
      launchTemplateData: {
        imageId: props.amiId,
        instanceType: config.instanceType,
        iamInstanceProfile: { arn: props.slotRole.profile.attrArn },
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
        // The group tags its instance alone. No tag of the slot: by that its data volume is found.
        ...(volumeTags.length && { tagSpecifications: [{ resourceType: 'volume', tags: volumeTags }] }),
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
    // A role without its policy could neither attach the volume nor signal.
    this.group.node.addDependency(props.slotRole.role);
    this.group.cfnOptions.creationPolicy = { resourceSignal: { count: 1, timeout: READY_TIMEOUT } };
    this.group.cfnOptions.updatePolicy = {
      autoScalingRollingUpdate: {
        minInstancesInService: 0,
        maxBatchSize: 1,
        waitOnResourceSignals: true,
        pauseTime: READY_TIMEOUT,
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
