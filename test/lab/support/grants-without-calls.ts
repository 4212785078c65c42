/**
 * Grants that no call in the lab needs and that stay, each with the reason. AWS's documentation is quoted by title;
 * the list of the agent's calls is "Reference: ec2messages, ssmmessages, and other API operations" of the Systems
 * Manager user guide.
 */
import type { Reason } from './unneeded-grants';

const NODES = /Roles(manager|worker)/i;
const FUNCTIONS_OF_PROVIDERS = /Provider(framework|waiter)/i;

export const GRANTS_WITHOUT_CALLS: readonly Reason[] = [
  {
    roles: NODES,
    actions: [
      'ec2messages:AcknowledgeMessage',
      'ec2messages:DeleteMessage',
      'ec2messages:FailMessage',
      'ec2messages:GetEndpoint',
      'ec2messages:GetMessages',
      'ec2messages:SendReply',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    reason: 'SSM agent: Run Command and Session Manager. In the lab the gateway is the agent and runs steps itself.',
  },
  {
    roles: NODES,
    actions: [
      'ssm:DescribeDocument',
      'ssm:GetDocument',
      'ssm:ListAssociations',
      'ssm:ListInstanceAssociations',
      'ssm:PutComplianceItems',
      'ssm:UpdateAssociationStatus',
      'ssm:UpdateInstanceAssociationStatus',
      'ssm:UpdateInstanceInformation',
    ],
    reason: 'SSM agent: registration and State Manager, as in the managed policy AmazonSSMManagedInstanceCore.',
  },
  {
    roles: NODES,
    actions: ['logs:CreateLogStream', 'logs:DescribeLogGroups', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
    reason: 'SSM agent: output of commands ("Configuring Amazon CloudWatch Logs for Run Command").',
  },
  {
    roles: NODES,
    actions: ['cloudformation:DescribeStacks'],
    reason: 'Only a node with one of several brokers that lags in an update: whether that is being rolled back.',
  },
  {
    roles: NODES,
    actions: ['autoscaling:SetInstanceHealth'],
    reason:
      'Only a boot that has failed as often as its unit allows: its group is to replace the instance. 88-second-stage lets one do so, in a stage whose roles are gone by the time grants are looked at.',
  },
  {
    roles: /Rolesmanager/i,
    actions: ['ssm:GetParameter'],
    reason:
      'A manager after the first joins by the managers’ token. 86-replacement has three; the roles of the others are gone by the time grants are looked at.',
  },
  {
    roles: /RunCommandOnEvent/,
    actions: ['ssm:CancelCommand'],
    reason: 'Only for a command that reached another number of nodes than it was meant for.',
  },
  {
    roles: /./,
    actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: /^\*$/,
    reason: 'AWSLambdaBasicExecutionRole: Lambda itself writes the log of a function under its role.',
  },
  {
    roles: /RestrictDefaultSG/,
    actions: ['ec2:AuthorizeSecurityGroupEgress', 'ec2:AuthorizeSecurityGroupIngress'],
    reason: 'CDK gives the default security group its rules back when the VPC goes, and the role goes with it.',
  },
  {
    roles: /SecretsHandler/i,
    actions: ['secretsmanager:PutSecretValue', 'secretsmanager:RestoreSecret'],
    reason:
      'A secret that lacks a password, or is in its recovery window (kept-secrets.handler.ts). No deployment of the lab meets one.',
  },
  {
    roles: /VolumesHandler/i,
    actions: ['ssm:DeleteParameters', 'ssm:GetParametersByPath'],
    reason:
      'What is remembered of a Swarm goes with the volume of manager-1 when the data stack is deleted, and the role with it.',
  },
  {
    roles: /SnapshotsRole/i,
    actions: [
      'ec2:CreateSnapshot',
      'ec2:CreateTags',
      'ec2:DeleteSnapshot',
      'ec2:DescribeInstances',
      'ec2:DescribeSnapshots',
      'ec2:DescribeVolumes',
    ],
    reason:
      'Data Lifecycle Manager takes and removes snapshots (managed policy AWSDataLifecycleManagerServiceRole). The lab records the policy and takes none.',
  },
  {
    roles: FUNCTIONS_OF_PROVIDERS,
    actions: ['lambda:InvokeFunction', 'lambda:GetFunction'],
    reason:
      'CDK’s provider framework grants each of its three functions the same, and Step Functions calls them inside the emulator.',
  },
];
