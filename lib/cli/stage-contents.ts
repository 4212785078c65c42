/** Reads everything that there is of a stage in an account and region: of its stacks, and beside them. */
import {
  GetTemplateCommand,
  paginateListStackResources,
  type CloudFormationClient,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { paginateDescribeLogGroups, type CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { paginateDescribeParameters, type SSMClient } from '@aws-sdk/client-ssm';
import { cloudFormationStackName, STACKS, TAG } from '../contract';
import { asker, type Fact } from '../preflight/fact';
import type { SecretFacts, SnapshotFacts, VolumeFacts } from '../preflight/leftovers';
import { createClients } from '../preflight/read/clients';
import { readLeftovers } from '../preflight/read/leftovers';
import type { Context } from './context';
import { CliError } from './errors';
import { listInstances } from './manager-instances';

/** One resource of a stack. */
export interface StackResource {
  readonly type: string;
  readonly physicalId: string;
  /** It outlives the stack: by its deletion policy, or by what its custom resource was told. */
  readonly isKept: boolean;
  /** Of a volume: what of the pipeline is on it and nowhere else. */
  readonly holds: readonly string[];
}

export interface StackContents {
  readonly name: string;
  readonly status: string;
  readonly isProtected: boolean;
  readonly resources: readonly StackResource[];
}

export interface StageContents {
  readonly stacks: readonly StackContents[];
  readonly volumes: readonly VolumeFacts[];
  readonly secrets: readonly SecretFacts[];
  readonly snapshots: readonly SnapshotFacts[];
  readonly logGroups: readonly string[];
  /** Log groups that Lambda has made for functions of the CDK itself: no stack owns them. */
  readonly functionLogs: readonly string[];
  /** Those that have not ended. */
  readonly instances: readonly { readonly id: string; readonly slot: string }[];
  /** Names in Parameter Store. */
  readonly parameters: readonly string[];
}

/** @throws CliError where something may not be seen: what is not known cannot be promised */
export async function readStageContents(context: Context, region: string, failure: string): Promise<StageContents> {
  const { profile, endpoint, terminal, interrupted: signal, timeoutSeconds, stage } = context;
  const clients = await createClients({ region, profile, endpoint, env: terminal.io.env, signal, timeoutSeconds });
  const ask = asker(context.isLab);
  try {
    const [found, functionLogs, instances, parameters] = await Promise.all([
      readLeftovers(clients, { stage }, ask),
      ask('logs:DescribeLogGroups', () => readFunctionLogs(clients.logs, stage)),
      ask('ec2:DescribeInstances', () => readInstances(clients.ec2, stage)),
      ask('ssm:DescribeParameters', () => readParameters(clients.ssm, stage)),
    ]);
    const mustKnow = <T>(fact: Fact<T>): T => valueOf(fact, failure);
    const statuses = Object.entries(mustKnow(found.stacks));
    const stacks = await Promise.all(
      statuses.map(async ([name, status]) => ({
        ...{ name, status, isProtected: found.protectedStacks.includes(name) },
        resources: mustKnow(
          await ask('cloudformation:GetTemplate and cloudformation:ListStackResources', () =>
            readResources(clients.cloudFormation, name).catch((error: Error) => {
              // It has gone meanwhile, or has never come up and has no template.
              if (error.name === 'ValidationError') return [];
              throw error;
            }),
          ),
        ),
      })),
    );
    return {
      stacks,
      volumes: mustKnow(found.volumes),
      secrets: mustKnow(found.secrets),
      snapshots: mustKnow(found.snapshots),
      logGroups: mustKnow(found.logGroups),
      functionLogs: mustKnow(functionLogs),
      instances: mustKnow(instances),
      parameters: mustKnow(parameters),
    };
  } finally {
    for (const client of Object.values(clients) as { destroy: () => void }[]) client.destroy();
  }
}

function valueOf<T>(fact: Fact<T>, failure: string): T {
  if (fact.kind === 'known') return fact.value;
  const isRefused = fact.kind === 'refused';
  const why = isRefused
    ? `the right to ${fact.action} is missing, without which it is not known what is there`
    : fact.reason;
  throw new CliError(
    failure,
    why,
    ['aws sts get-caller-identity    # who you are'],
    isRefused ? 'forbidden' : 'failed',
  );
}

interface TemplateResource {
  readonly DeletionPolicy?: string;
  readonly Properties?: { readonly OnDelete?: string; readonly Holds?: string };
}

async function readResources(client: CloudFormationClient, StackName: string): Promise<StackResource[]> {
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName }));
  const { Resources = {} } = JSON.parse(TemplateBody || '{}') as { Resources?: Record<string, TemplateResource> };
  const listed: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName }))
    listed.push(...(page.StackResourceSummaries ?? []));
  return listed
    .filter(({ ResourceStatus }) => ResourceStatus !== 'DELETE_COMPLETE')
    .map(({ LogicalResourceId, PhysicalResourceId, ResourceType }) => {
      const { DeletionPolicy = 'Delete', Properties = {} } = Resources[LogicalResourceId!] ?? {};
      return {
        type: ResourceType!,
        physicalId: PhysicalResourceId ?? '',
        isKept: DeletionPolicy.startsWith('Retain') || Properties.OnDelete === 'keep',
        holds: Properties.Holds?.split(',') ?? [],
      };
    });
}

async function readInstances(client: EC2Client, stage: string): Promise<{ id: string; slot: string }[]> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] },
  ];
  return (await listInstances(client, Filters)).map(({ id, slot = 'no slot' }) => ({ id, slot }));
}

async function readFunctionLogs(client: CloudWatchLogsClient, stage: string): Promise<string[]> {
  const prefixes = STACKS.map((id) => `/aws/lambda/${cloudFormationStackName(stage, id)}-`);
  const found: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups(
    { client },
    { logGroupNamePrefix: `/aws/lambda/metals-${stage}-` },
  ))
    found.push(...logGroups.map(({ logGroupName }) => logGroupName!));
  // Of the stage "a" not those of the stage "a-b".
  return found.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
}

/** Their names alone: the tokens with which a node joins are among them. */
async function readParameters(client: SSMClient, stage: string): Promise<string[]> {
  const ParameterFilters = [{ Key: 'Path', Option: 'Recursive', Values: [`/metals/${stage}`] }];
  const found: string[] = [];
  for await (const { Parameters = [] } of paginateDescribeParameters({ client }, { ParameterFilters }))
    found.push(...Parameters.map(({ Name }) => Name!));
  return found;
}
