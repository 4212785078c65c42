import { Stack } from 'aws-cdk-lib';
import * as dlm from 'aws-cdk-lib/aws-dlm';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { TAG } from '../contract';

export interface VolumeSnapshotsProps {
  readonly stage: string;
  /** From 1 on. */
  readonly retentionDays: number;
}

/**
 * A daily snapshot of every volume that carries the stage's tag: those of KeptVolumes, and no root disk.
 *
 * A snapshot is as encrypted as its volume, under the same key, and carries its tags. The policy goes with its stack;
 * the snapshots stay, because they are what is left if the volumes go.
 *
 * Resources Deployed: a policy of Data Lifecycle Manager and its role.
 *
 * Security Considerations: the role takes snapshots of this stage's volumes alone, and deletes only snapshots that carry
 * the stage's tag. It may tag every snapshot: AWS documents neither when Data Lifecycle Manager tags one nor with what,
 * so that a condition could not be written.
 */
export class VolumeSnapshots extends Construct {
  constructor(scope: Construct, id: string, { stage, retentionDays }: VolumeSnapshotsProps) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    const arn = (resource: string) => `arn:${partition}:${resource}`;
    const role = new iam.Role(this, 'Role', {
      description: `Snapshots of the data volumes of stage ${stage}`,
      // Of this account's policies alone ["IAM service roles for Amazon Data Lifecycle Manager"].
      assumedBy: new iam.ServicePrincipal('dlm.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': arn(`dlm:${region}:${account}:policy/*`) },
        },
      }),
    });
    // Snapshots have no account in their ARN.
    const snapshots = [arn(`ec2:${region}::snapshot/*`)];
    const ofStage = { StringEquals: { [`aws:ResourceTag/${TAG.stage}`]: stage } };
    const grant = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
      role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    grant(['ec2:CreateSnapshot'], [arn(`ec2:${region}:${account}:volume/*`)], ofStage);
    // Judged before the snapshot exists, so it has no tag yet.
    grant(['ec2:CreateSnapshot', 'ec2:CreateTags'], snapshots);
    grant(['ec2:DeleteSnapshot'], snapshots, ofStage);
    // These actions know no resource.
    grant(['ec2:DescribeInstances', 'ec2:DescribeSnapshots', 'ec2:DescribeVolumes'], ['*']);

    const policy = new dlm.CfnLifecyclePolicy(this, 'Policy', {
      // Letters, digits, spaces, hyphens and underscores only.
      description: `metals-${stage} daily snapshots of the data volumes`,
      state: 'ENABLED',
      executionRoleArn: role.roleArn,
      policyDetails: {
        policyType: 'EBS_SNAPSHOT_MANAGEMENT',
        resourceTypes: ['VOLUME'],
        // One tag: of several, a volume would need any single one.
        targetTags: [{ key: TAG.stage, value: stage }],
        schedules: [
          {
            name: 'daily',
            createRule: { interval: 24, intervalUnit: 'HOURS', times: ['03:00'] },
            // By age, so that those of a volume that is gone are removed as well, the last one excepted.
            retainRule: { interval: retentionDays, intervalUnit: 'DAYS' },
            copyTags: true,
          },
        ],
      },
      tags: [{ key: TAG.stage, value: stage }],
    });
    policy.node.addDependency(role);
  }
}
