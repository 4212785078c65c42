/** Gives the pipeline's stack another version: the template that is deployed, with another bundle and other images. */
import {
  type CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  type StackEvent,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { randomUUID } from 'node:crypto';
import { Deadline, pollUntil, type Look } from '../ssm/deadline';

/** Parameters of documents, and of what CloudFormation sends, that are the version. */
const OF_VERSION = ['BundleKey', 'BundleSha256', 'Images'] as const;

/** A template that is sent with the call [CloudFormation: UpdateStack, TemplateBody]. */
export const MOST_TEMPLATE_BYTES = 51_200;

/**
 * Pure: the template with each bundle and each list of images replaced, whatever it was made of.
 *
 * @throws Error where one of them does not stand in it
 */
export function withVersion(template: string, parameters: Readonly<Record<string, string>>): string {
  const seen = new Set<string>();
  const changed = JSON.stringify(
    JSON.parse(template, (key, value: unknown) => {
      if (!isOfVersion(key)) return value;
      seen.add(key);
      // Associations have lists.
      return Array.isArray(value) ? [parameters[key]] : parameters[key];
    }),
  );
  const missing = OF_VERSION.filter((key) => !seen.has(key));
  if (missing.length > 0) throw new Error(`the template has no ${missing.join(', ')}`);
  return changed;
}

const isOfVersion = (key: string): key is (typeof OF_VERSION)[number] => OF_VERSION.some((one) => one === key);

/** The template as it was deployed. */
export async function readTemplate(client: CloudFormationClient, stack: string): Promise<string> {
  const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: stack, TemplateStage: 'Original' }));
  return TemplateBody!;
}

/** Begins the update. @returns the token by which its events are known; undefined where it is so already */
export async function beginUpdate(
  client: CloudFormationClient,
  stack: string,
  template: string,
): Promise<string | undefined> {
  const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  const token = `metals-rollback-${randomUUID()}`;
  try {
    await client.send(
      new UpdateStackCommand({
        StackName: stack,
        TemplateBody: template,
        Capabilities: found?.Capabilities,
        Parameters: found?.Parameters?.map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true })),
        ClientRequestToken: token,
      }),
    );
  } catch (error) {
    if (/No updates are to be performed/.test((error as Error).message)) return undefined;
    throw error;
  }
  return token;
}

export interface UpdateEnd {
  readonly status: string;
  /** Of what failed first; empty where nothing did, or CloudFormation does not say. */
  readonly reason: string;
}

/** Looks until CloudFormation has ended it, one way or the other. @throws DeadlineError */
export async function awaitUpdate(
  client: CloudFormationClient,
  stack: string,
  token: string,
  { timeoutSeconds, onWait }: { readonly timeoutSeconds: number; readonly onWait: (reason: string) => void },
): Promise<UpdateEnd> {
  return pollUntil(
    `the update of ${stack}`,
    new Deadline(timeoutSeconds),
    async (): Promise<Look<UpdateEnd>> => {
      const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
      const events = await eventsOf(client, stack, token);
      const status = found?.StackStatus ?? 'gone';
      if (!/(?<!CLEANUP)_IN_PROGRESS$/.test(status)) return { value: { status, reason: firstFailure(events) } };
      const [newest] = events;
      return { waitingFor: newest ? `${newest.LogicalResourceId}: ${newest.ResourceStatus}` : status };
    },
    onWait,
    1_000,
  );
}

/** The newest first. CloudFormation gives a hundred in a page, which are more than one update has. */
async function eventsOf(client: CloudFormationClient, stack: string, token: string): Promise<StackEvent[]> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName: stack }));
  return StackEvents.filter(({ ClientRequestToken }) => ClientRequestToken === token);
}

/** Pure: what others that were cancelled failed for. */
export function firstFailure(newestFirst: readonly StackEvent[]): string {
  const failed = [...newestFirst].reverse().find(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
  return failed ? `${failed.LogicalResourceId}: ${failed.ResourceStatusReason ?? 'no reason given'}` : '';
}
