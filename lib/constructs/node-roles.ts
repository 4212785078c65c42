import { type CustomResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config';
import {
  assetPrefix,
  documentLogGroup,
  FIRST_MANAGER,
  metricNamespace,
  type NodeRole,
  parameterPath,
  recoveryPath,
  SWARM_PARAMETERS,
  type SwarmParameter,
  TAG,
} from '../contract';

/** A slot, as far as its permissions go. */
export interface SlotOfRole {
  readonly slot: string;
  readonly role: NodeRole;
  readonly volume: CustomResource;
}

export interface NodeRolesProps {
  readonly config: Config;
  readonly slots: readonly SlotOfRole[];
  /** Secrets that managers, and managers alone, may read. */
  readonly secretArns: readonly string[];
}

export interface SlotRole {
  readonly role: iam.Role;
  readonly profile: iam.CfnInstanceProfile;
}

/**
 * A role for each slot: no node can open the volume of another, which holds the Swarm's keys and secrets.
 *
 * AWS's own AmazonSSMManagedInstanceCore is not used: it lets every node read every parameter of the account.
 * What stands on `*` below are actions that know no resource.
 *
 * Security Considerations: only managers read the secrets and the manager token, each by its exact ARN.
 */
export class NodeRoles extends Construct {
  /** By slot name. */
  readonly slots: Readonly<Record<string, SlotRole>>;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: NodeRolesProps,
  ) {
    super(scope, id);
    this.slots = Object.fromEntries(props.slots.map((slot) => [slot.slot, this.slotRole(slot)]));
  }

  private slotRole(slot: SlotOfRole): SlotRole {
    const role = new iam.Role(this, slot.slot, {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: `Swarm node ${slot.slot} of stage ${this.props.config.stage}`,
    });
    const statements = [
      ...this.agent(),
      ...this.storage(slot),
      ...this.deployment(slot),
      ...this.registry(),
      this.metrics(),
      ...(slot.role === 'manager' ? this.manager(slot) : this.worker()),
    ];
    for (const statement of statements) role.addToPolicy(statement);
    return { role, profile: new iam.CfnInstanceProfile(this, `${slot.slot}-profile`, { roles: [role.roleName] }) };
  }

  private parameter(leaf: SwarmParameter): string {
    return this.arn('ssm', `parameter${parameterPath(this.props.config.stage, leaf)}`);
  }

  private worker(): iam.PolicyStatement[] {
    return [allow(['ssm:GetParameter'], [this.parameter('claim'), this.parameter('worker-token')])];
  }

  /** Joins the Swarm, or forms it, reads the secrets and this stage's bundles. */
  private manager({ slot }: SlotOfRole): iam.PolicyStatement[] {
    const { config, secretArns } = this.props;
    const forms = ['ssm:GetParameters', 'ssm:PutParameter'];
    const stack = Stack.of(this);
    const bucket = `cdk-${stack.synthesizer.bootstrapQualifier}-assets-${config.account}-${config.region}`;
    return [
      allow(
        ['ssm:GetParameter', ...(slot === FIRST_MANAGER ? forms : [])],
        SWARM_PARAMETERS.map((leaf) => this.parameter(leaf)),
      ),
      ...(config.managers > 1 ? this.recovery() : []),
      allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], [...secretArns]),
      // Every bundle of this stage, and nothing else: a rollback deploys the bundle before this one.
      allow(['s3:GetObject'], [`arn:${stack.partition}:s3:::${bucket}/${assetPrefix(config.stage)}*.gz`]),
    ];
  }

  /** One manager of several may go on alone; the others learn of it. */
  private recovery(): iam.PolicyStatement[] {
    const path = this.arn('ssm', `parameter${recoveryPath(this.props.config.stage)}`);
    return [allow(['ssm:GetParametersByPath'], [path]), allow(['ssm:PutParameter'], [`${path}/*`])];
  }

  private arn(service: string, resource: string): string {
    const { partition, region, account } = Stack.of(this);
    return `arn:${partition}:${service}:${region}:${account}:${resource}`;
  }

  /** What the SSM agent needs to register, take commands, open sessions, and send output to this stage's log group. */
  private agent(): iam.PolicyStatement[] {
    const { stage } = this.props.config;
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

  /** The slot's own volume, to an instance of this slot. Credentials of a role that left their instance still name it. */
  private storage({ slot, volume }: SlotOfRole): iam.PolicyStatement[] {
    const fromInstance = { ArnLike: { 'ec2:SourceInstanceARN': this.arn('ec2', 'instance/*') } };
    const attach = (resource: string, conditions: Record<string, unknown>) =>
      new iam.PolicyStatement({ actions: ['ec2:AttachVolume'], resources: [resource], conditions });
    return [
      attach(this.arn('ec2', `volume/${volume.ref}`), fromInstance),
      attach(this.arn('ec2', 'instance/*'), { ...fromInstance, StringEquals: this.ownTags(slot) }),
      allow(['ec2:DescribeVolumes'], ['*']),
    ];
  }

  /** Tells CloudFormation that the node is ready, and the slot's group that its instance must be replaced. */
  private deployment({ slot }: SlotOfRole): iam.PolicyStatement[] {
    const { stackName } = Stack.of(this);
    const setHealth = new iam.PolicyStatement({
      actions: ['autoscaling:SetInstanceHealth'],
      resources: [this.arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${stackName}-*`)],
      conditions: { StringEquals: this.ownTags(slot) },
    });
    return [
      allow(
        ['cloudformation:DescribeStackResources', 'cloudformation:DescribeStacks', 'cloudformation:SignalResource'],
        [this.arn('cloudformation', `stack/${stackName}/*`)],
      ),
      setHealth,
    ];
  }

  /** Into the namespace of this stage alone; the action knows no resource, and IAM no condition on dimensions. */
  private metrics(): iam.PolicyStatement {
    return new iam.PolicyStatement({
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': metricNamespace(this.props.config.stage) } },
    });
  }

  private ownTags(slot: string): Record<string, string> {
    return { [`aws:ResourceTag/${TAG.stage}`]: this.props.config.stage, [`aws:ResourceTag/${TAG.slot}`]: slot };
  }

  /** Images come from the repository that `cdk bootstrap` made in this account. */
  private registry(): iam.PolicyStatement[] {
    const { account, region } = this.props.config;
    const qualifier = Stack.of(this).synthesizer.bootstrapQualifier;
    return [
      allow(['ecr:GetAuthorizationToken'], ['*']),
      allow(
        ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        [this.arn('ecr', `repository/cdk-${qualifier}-container-assets-${account}-${region}`)],
      ),
    ];
  }
}

const allow = (actions: string[], resources: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions, resources });
