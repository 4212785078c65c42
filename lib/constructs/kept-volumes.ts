import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type NodeRole, parameterPath, recoveryPath, SWARM_PARAMETERS, type SwarmParameter, TAG } from '../contract';
import { bundledFunction } from './bundled-function';
import { FunctionProvider } from './function-provider';
import type { DataTags, OnDelete } from './kept-data';
import type { VolumeProperties } from './kept-volumes.handler';

/** What is on one volume alone: the Swarm of a single manager, events, prices. */
export type VolumeData = 'swarm' | 'kafka' | 'mongodb';

export interface KeptVolume {
  readonly slot: string;
  readonly holds: readonly VolumeData[];
  readonly role: NodeRole;
  readonly availabilityZone: string;
}

export interface KeptVolumesProps {
  readonly stage: string;
  readonly sizeGiB: number;
  readonly volumes: readonly KeptVolume[];
  readonly onDelete: OnDelete;
  /** @default none */
  readonly tags?: DataTags;
  /** Another value lets the function look again for volumes that nothing else has changed. @default none */
  readonly lookAgainFor?: string;
}

/**
 * An encrypted volume for each slot, which outlives its stack and is found again by the tags of stage and slot:
 * CloudFormation's own resource would make a new, empty one beside it.
 *
 * Resources Deployed: a Lambda function (and the provider framework's), a custom resource for each slot.
 *
 * Security Considerations: the function may make volumes with this stage's tag only, and change, or where its stack may
 * delete, only those. It can tag what is there already only where the stage has it, and with the configuration's keys alone,
 * so no other volume can become one of the stage. Of the Swarm's parameters it reads the claim, and may delete them with the volumes.
 */
export class KeptVolumes extends Construct {
  /** By slot; `ref` is the volume's id. */
  readonly resources: Readonly<Record<string, CustomResource>>;

  constructor(scope: Construct, id: string, props: KeptVolumesProps) {
    super(scope, id);
    const handler = bundledFunction(this, 'Handler', {
      program: 'kept-volumes',
      timeout: Duration.minutes(14),
      description: 'Creates the volumes of the slots, or takes over those that are there, and lets them grow',
    });
    for (const statement of this.statements(props)) handler.addToRolePolicy(statement);
    const { serviceToken } = new FunctionProvider(this, 'Provider', { onEventHandler: handler });
    const resource = ({ slot, role, availabilityZone, holds }: KeptVolume): CustomResource => {
      const properties: VolumeProperties = {
        Stage: props.stage,
        Slot: slot,
        Role: role,
        AvailabilityZone: availabilityZone,
        SizeGiB: String(props.sizeGiB),
        OnDelete: props.onDelete,
        ...(holds.length && { Holds: holds.join(',') }),
        ...(props.tags && { Tags: props.tags }),
        ...(props.lookAgainFor && { LookAgainFor: props.lookAgainFor }),
      };
      return new CustomResource(this, slot, { serviceToken, resourceType: 'Custom::KeptVolume', properties });
    };
    this.resources = Object.fromEntries(props.volumes.map((volume) => [volume.slot, resource(volume)]));
  }

  private statements({ stage, onDelete, tags }: KeptVolumesProps): iam.PolicyStatement[] {
    const { partition, region, account, stackId } = Stack.of(this);
    const volumes = [`arn:${partition}:ec2:${region}:${account}:volume/*`];
    const onVolumes = (actions: string[], equals: Record<string, string>) =>
      new iam.PolicyStatement({ actions, resources: volumes, conditions: { StringEquals: equals } });
    const swarm = (leaf: SwarmParameter) => parameterPath(stage, leaf);
    const onParameters = (actions: string[], ...paths: string[]) =>
      new iam.PolicyStatement({
        actions,
        resources: paths.map((path) => `arn:${partition}:ssm:${region}:${account}:parameter${path}`),
      });
    const change = ['ec2:ModifyVolume', ...(onDelete === 'delete' ? ['ec2:DeleteVolume'] : [])];
    return [
      onVolumes(['ec2:CreateVolume'], { [`aws:RequestTag/${TAG.stage}`]: stage }),
      onVolumes(['ec2:CreateTags'], { 'ec2:CreateAction': 'CreateVolume' }),
      onVolumes(change, { [`aws:ResourceTag/${TAG.stage}`]: stage }),
      ...(tags
        ? [
            new iam.PolicyStatement({
              actions: ['ec2:CreateTags'],
              resources: volumes,
              conditions: {
                StringEquals: { [`aws:ResourceTag/${TAG.stage}`]: stage },
                'ForAllValues:StringEquals': { 'aws:TagKeys': Object.keys(tags) },
              },
            }),
          ]
        : []),
      new iam.PolicyStatement({
        // These actions know no resource.
        actions: ['ec2:DescribeVolumes', 'ec2:DescribeVolumesModifications'],
        resources: ['*'],
      }),
      // What is remembered about a Swarm goes with the volume of its first manager.
      onParameters(['ssm:GetParameter'], swarm('claim')),
      ...(onDelete === 'delete'
        ? [
            onParameters(['ssm:DeleteParameters'], ...SWARM_PARAMETERS.map(swarm), `${recoveryPath(stage)}/*`),
            onParameters(['ssm:GetParametersByPath'], recoveryPath(stage)),
          ]
        : []),
      // Whether a stack rolls back a volume that has grown.
      new iam.PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [stackId] }),
    ];
  }
}
