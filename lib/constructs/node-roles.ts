import { Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config';
import { documentLogGroup, type NodeRole, parameterPath, TAG } from '../contract';

export interface NodeRolesProps {
  readonly config: Config;
  readonly volumes: readonly ec2.CfnVolume[];
  /** Secrets that managers, and managers alone, may read. */
  readonly secretArns: readonly string[];
}

/**
 * One role for managers and one for workers.
 *
 * AWS's own AmazonSSMManagedInstanceCore is not used: it lets every node read every parameter of the account.
 * What stands on `*` below are actions that know no resource.
 *
 * Security Considerations: only managers read the secrets and the manager token, each by its exact ARN.
 */
export class NodeRoles extends Construct {
  readonly profiles: Readonly<Record<NodeRole, iam.CfnInstanceProfile>>;
  readonly roles: Readonly<Record<NodeRole, iam.Role>>;

  constructor(scope: Construct, id: string, props: NodeRolesProps) {
    super(scope, id);
    const role = (name: string) =>
      new iam.Role(this, name, {
        assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
        description: `Swarm ${name.toLowerCase()} of stage ${props.config.stage}`,
      });
    this.roles = { manager: role('Manager'), worker: role('Worker') };
    const { manager, worker } = this.roles;
    for (const each of [manager, worker]) {
      for (const statement of [...this.agent(props), ...this.storage(props), ...this.registry(props)]) {
        each.addToPolicy(statement);
      }
    }
    const parameter = (leaf: string) =>
      this.arn('ssm', `parameter${parameterPath(props.config.stage, 'worker-token').replace('worker-token', leaf)}`);
    worker.addToPolicy(allow(['ssm:GetParameter'], [parameter('worker-token')]));
    const ofManagers = ['worker-token', 'manager-token', 'claim/*'].map(parameter);
    manager.addToPolicy(allow(['ssm:GetParameter', 'ssm:GetParameters', 'ssm:PutParameter'], ofManagers));
    manager.addToPolicy(
      allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], [...props.secretArns]),
    );
    const profile = (of: iam.Role, name: string) =>
      new iam.CfnInstanceProfile(this, `${name}Profile`, { roles: [of.roleName] });
    this.profiles = { manager: profile(manager, 'Manager'), worker: profile(worker, 'Worker') };
  }

  private arn(service: string, resource: string): string {
    const { partition, region, account } = Stack.of(this);
    return `arn:${partition}:${service}:${region}:${account}:${resource}`;
  }

  /** What the SSM agent needs to register, take commands, open sessions, and send output to this stage's log group. */
  private agent(props: NodeRolesProps): iam.PolicyStatement[] {
    const { stage } = props.config;
    return [
      allow(
        [
          'ssm:UpdateInstanceInformation',
          'ssm:ListAssociations',
          'ssm:ListInstanceAssociations',
          'ssm:UpdateInstanceAssociationStatus',
          'ssm:PutComplianceItems',
          'ssmmessages:CreateControlChannel',
          'ssmmessages:CreateDataChannel',
          'ssmmessages:OpenControlChannel',
          'ssmmessages:OpenDataChannel',
          'ec2messages:AcknowledgeMessage',
          'ec2messages:DeleteMessage',
          'ec2messages:FailMessage',
          'ec2messages:GetEndpoint',
          'ec2messages:GetMessages',
          'ec2messages:SendReply',
        ],
        ['*'],
      ),
      allow(
        ['ssm:DescribeDocument', 'ssm:GetDocument', 'ssm:UpdateAssociationStatus'],
        [this.arn('ssm', `document/metals-${stage}-*`), this.arn('ssm', 'association/*')],
      ),
      allow(['logs:DescribeLogGroups'], ['*']),
      allow(
        ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        [this.arn('logs', `log-group:${documentLogGroup(stage)}:*`)],
      ),
    ];
  }

  /** Each instance attaches its own slot's volume at boot. */
  private storage(props: NodeRolesProps): iam.PolicyStatement[] {
    const volumes = props.volumes.map((volume) => this.arn('ec2', `volume/${volume.ref}`));
    const attach = new iam.PolicyStatement({
      actions: ['ec2:AttachVolume'],
      resources: [this.arn('ec2', 'instance/*')],
      conditions: { StringEquals: { [`aws:ResourceTag/${TAG.stage}`]: props.config.stage } },
    });
    return [allow(['ec2:AttachVolume'], volumes), attach, allow(['ec2:DescribeVolumes'], ['*'])];
  }

  /** Images come from the repository that `cdk bootstrap` made in this account. */
  private registry(props: NodeRolesProps): iam.PolicyStatement[] {
    const { account, region } = props.config;
    return [
      allow(['ecr:GetAuthorizationToken'], ['*']),
      allow(
        ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        [this.arn('ecr', `repository/cdk-*-container-assets-${account}-${region}`)],
      ),
    ];
  }
}

const allow = (actions: string[], resources: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions, resources });
