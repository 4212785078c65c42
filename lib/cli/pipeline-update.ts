/** Gives the pipeline's stack another version: the template that is deployed, with another bundle and other images. */
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { randomUUID } from 'node:crypto';
import { Deadline, pollUntil, type Look } from '../ssm/deadline';
import { throughThrottling } from '../ssm/throttling';

/** Parameters of documents that are the version. */
const OF_VERSION = ['BundleKey', 'BundleSha256', 'Images'] as const;
/** By which later commands know an update of ours. */
const TOKEN_PREFIX = 'metals-rollback-';
const CHANGE_SET_SECONDS = 300;

type Parameters = Readonly<Record<string, string>>;

export interface DeployedStack {
  readonly name: string;
  readonly status: string;
  readonly createdAt: Date;
  /** As it was deployed. */
  readonly template: string;
  /** Whether its last update was a rollback by `metals`. CloudFormation keeps events for 90 days. */
  readonly isRolledBack: boolean;
}

/** @throws the SDK's ValidationError where there is no such stack */
export async function readStack(client: CloudFormationClient, name: string): Promise<DeployedStack> {
  const [{ Stacks: [found] = [] }, { TemplateBody }, { StackEvents = [] }] = await Promise.all([
    client.send(new DescribeStacksCommand({ StackName: name })),
    client.send(new GetTemplateCommand({ StackName: name, TemplateStage: 'Original' })),
    client.send(new DescribeStackEventsCommand({ StackName: name })),
  ]);
  const newest = StackEvents.find((event) => isOfStack(event, name));
  return {
    name,
    status: found!.StackStatus!,
    createdAt: found!.CreationTime!,
    template: TemplateBody!,
    isRolledBack:
      (newest?.ClientRequestToken?.startsWith(TOKEN_PREFIX) ?? false) &&
      (newest?.ResourceStatus?.startsWith('UPDATE_COMPLETE') ?? false),
  };
}

const isOfStack = ({ LogicalResourceId, ResourceType }: StackEvent, name: string): boolean =>
  LogicalResourceId === name && ResourceType === 'AWS::CloudFormation::Stack';

/**
 * Pure: the template with each bundle and each list of images replaced, whatever it was made of; undefined where another
 * version stands in it than `from`, or none.
 */
export function withVersion(template: string, from: Parameters, to: Parameters): string | undefined {
  const bundles = new Set<string>();
  const seen = new Set<string>();
  const changed = JSON.stringify(
    JSON.parse(template, (key, value: unknown) => {
      if (!isOfVersion(key)) return value;
      seen.add(key);
      if (key === 'BundleSha256') bundles.add(String([value].flat()[0]));
      // Associations have lists.
      return Array.isArray(value) ? [to[key]] : to[key];
    }),
  );
  const isAsExpected = seen.size === OF_VERSION.length && bundles.size === 1 && bundles.has(from.BundleSha256!);
  return isAsExpected ? changed : undefined;
}

const isOfVersion = (key: string): key is (typeof OF_VERSION)[number] => OF_VERSION.some((one) => one === key);

/**
 * Begins the update, by a change set as `cdk deploy` does.
 *
 * @param templateUrl in a bucket that the caller may read
 * @returns the token by which its events are known; undefined where the stack has that template already
 * @throws Error with CloudFormation's reason where it takes none
 */
export async function beginUpdate(
  client: CloudFormationClient,
  stack: string,
  templateUrl: string,
): Promise<string | undefined> {
  const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  const token = `${TOKEN_PREFIX}${randomUUID()}`;
  const changeSet = { StackName: stack, ChangeSetName: token };
  await client.send(
    new CreateChangeSetCommand({
      ...changeSet,
      ChangeSetType: 'UPDATE',
      TemplateURL: templateUrl,
      Capabilities: found?.Capabilities,
      Parameters: found?.Parameters?.map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true })),
      // Said again as the CDK does: what is left out could be taken away.
      ...{ Tags: found?.Tags, NotificationARNs: found?.NotificationARNs },
    }),
  );
  const reason = await pollUntil(
    `change set ${token}`,
    new Deadline(CHANGE_SET_SECONDS),
    throughThrottling(async (): Promise<Look<string>> => {
      const { Status = '', StatusReason = '' } = await client.send(new DescribeChangeSetCommand(changeSet));
      if (Status === 'CREATE_COMPLETE') return { value: '' };
      return Status === 'FAILED' ? { value: StatusReason || 'without a reason' } : { waitingFor: Status };
    }),
  );
  if (reason === '') {
    await client.send(new ExecuteChangeSetCommand({ ...changeSet, ClientRequestToken: token }));
    return token;
  }
  await client.send(new DeleteChangeSetCommand(changeSet));
  if (/didn't contain changes|No updates are to be performed/.test(reason)) return undefined;
  throw new Error(`CloudFormation refuses the change: ${reason}`);
}

export interface UpdateEnd {
  readonly status: string;
  /** Of what failed first; empty where nothing did, or CloudFormation does not say. */
  readonly reason: string;
}

/** Looks until this very update has ended, one way or the other. @throws DeadlineError */
export async function awaitUpdate(
  client: CloudFormationClient,
  stack: string,
  token: string,
  { timeoutSeconds, onWait }: { readonly timeoutSeconds: number; readonly onWait: (reason: string) => void },
): Promise<UpdateEnd> {
  return pollUntil(
    `the update of ${stack}`,
    new Deadline(timeoutSeconds),
    throughThrottling(async (): Promise<Look<UpdateEnd>> => {
      // The newest first; a hundred are more than one update has.
      const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName: stack }));
      const events = StackEvents.filter(({ ClientRequestToken }) => ClientRequestToken === token);
      const status = events.find((event) => isOfStack(event, stack))?.ResourceStatus ?? '';
      if (/(_COMPLETE|_FAILED|CLEANUP_IN_PROGRESS)$/.test(status))
        return { value: { status, reason: firstFailure(events) } };
      const [newest] = events;
      return { waitingFor: newest ? `${newest.LogicalResourceId}: ${newest.ResourceStatus}` : 'it begins' };
    }),
    onWait,
    1_000,
  );
}

/** Pure: what others that were cancelled failed for; of one that somebody has cancelled, that. */
export function firstFailure(newestFirst: readonly StackEvent[]): string {
  const oldestFirst = [...newestFirst].reverse();
  const failed =
    oldestFirst.find(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED')) ??
    oldestFirst.find(({ ResourceStatus }) => ResourceStatus === 'UPDATE_ROLLBACK_IN_PROGRESS');
  return failed ? `${failed.LogicalResourceId}: ${failed.ResourceStatusReason ?? 'no reason given'}` : '';
}
