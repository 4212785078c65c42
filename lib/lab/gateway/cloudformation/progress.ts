/** Resources that the gateway works on: ministack tells of a resource only once it is complete, AWS from its beginning. */
import { queryReply } from '../front-door/query';
import { escapeXml } from '../front-door/xml';
import type { Interceptor } from '../types';

/** Of CloudFormation's answers. */
export const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';
const STATUS = { Create: 'CREATE_IN_PROGRESS', Update: 'UPDATE_IN_PROGRESS', Delete: 'DELETE_IN_PROGRESS' } as const;

export interface ResourceWork {
  readonly requestType: keyof typeof STATUS;
  readonly stackId: string;
  readonly logicalId: string;
  /** The type in the template, such as AWS::AutoScaling::AutoScalingGroup. */
  readonly type: string;
  readonly physicalId?: string;
}

export class Progress {
  private readonly underWay = new Map<string, ResourceWork & { readonly since: string }>();

  /** Remembers the work until it is over, however it ends. */
  async during<T>(work: ResourceWork, run: () => Promise<T>): Promise<T> {
    const key = keyOf(work.stackId, work.logicalId);
    this.underWay.set(key, { ...work, since: new Date().toISOString() });
    try {
      return await run();
    } finally {
      this.underWay.delete(key);
    }
  }

  find(stack: string, logicalId: string): (ResourceWork & { readonly since: string }) | undefined {
    return this.underWay.get(keyOf(stack, logicalId));
  }
}

/** DescribeStackResources and DescribeStackResource of one resource that is being worked on. */
export function createProgress(progress: Progress): Interceptor {
  return async ({ action, params }) => {
    if (action !== 'DescribeStackResources' && action !== 'DescribeStackResource') return undefined;
    const { StackName, LogicalResourceId } = params as Record<string, string | undefined>;
    const work = StackName && LogicalResourceId ? progress.find(StackName, LogicalResourceId) : undefined;
    if (!work) return undefined;
    const time = action === 'DescribeStackResource' ? 'LastUpdatedTimestamp' : 'Timestamp';
    const fields = {
      StackName: stackNameOf(work.stackId),
      StackId: work.stackId,
      LogicalResourceId: work.logicalId,
      ...(work.physicalId && { PhysicalResourceId: work.physicalId }),
      ResourceType: work.type,
      [time]: work.since,
      ResourceStatus: STATUS[work.requestType],
    };
    const detail = Object.entries(fields)
      .map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
      .join('');
    const inner =
      action === 'DescribeStackResource'
        ? `<StackResourceDetail>${detail}</StackResourceDetail>`
        : `<StackResources><member>${detail}</member></StackResources>`;
    return queryReply(NAMESPACE, action, inner);
  };
}

/** arn:aws:cloudformation:…:stack/NAME/ID, or NAME. */
export const stackNameOf = (stack: string): string => stack.split('/')[1] ?? stack;
const keyOf = (stack: string, logicalId: string): string => `${stackNameOf(stack)}/${logicalId}`;
