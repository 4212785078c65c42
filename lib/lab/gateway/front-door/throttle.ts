/** Refuses some calls, as AWS does when an account polls: rarely enough for the SDK's own retries. */
import { AwsError } from '../errors';
import type { Timing } from '../timing';
import type { ServiceName } from '../types';

interface Refusal {
  readonly code: string;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
  /** What the product, the CDK and this lab's tests call while they wait, or from every node at once. */
  readonly actions: readonly string[];
}

/** How each service refuses: codes and statuses by which botocore (`data/_retry.json`) and the other SDKs try again. */
export const THROTTLED: Readonly<Partial<Record<ServiceName, Refusal>>> = {
  ssm: {
    ...{ code: 'ThrottlingException', message: 'Rate exceeded', status: 400 },
    actions: [
      'SendCommand',
      'GetCommandInvocation',
      'DescribeInstanceInformation',
      'ListCommands',
      'ListCommandInvocations',
    ],
  },
  ec2: {
    ...{ code: 'RequestLimitExceeded', message: 'Request limit exceeded.', status: 503 },
    actions: [
      'AttachVolume',
      'CreateVolume',
      'DeleteVolume',
      'DescribeInstances',
      'DescribeVolumes',
      'DescribeVolumesModifications',
      'ModifyVolume',
    ],
  },
  cloudformation: {
    ...{ code: 'Throttling', message: 'Rate exceeded', status: 400 },
    actions: ['DescribeStackEvents', 'DescribeStackResources', 'DescribeStacks', 'SignalResource'],
  },
  autoscaling: {
    ...{ code: 'Throttling', message: 'Rate exceeded', status: 400 },
    actions: ['DescribeAutoScalingGroups', 'DescribeScalingActivities', 'SetInstanceHealth'],
  },
};
const SHARE_REFUSED = 0.05;
/**
 * An SDK's default is three attempts within some seconds. No second refusal of an action comes within this time of the
 * first, so that each call succeeds at its second attempt at the latest.
 */
const QUIET_MILLISECONDS = 10_000;

export class Throttle {
  private readonly lastRefusal = new Map<string, number>();

  constructor(
    private readonly timing: Pick<Timing, 'next'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws AwsError in place of an answer */
  check(service: string, action: string): void {
    const refusal = Object.hasOwn(THROTTLED, service) ? THROTTLED[service as ServiceName] : undefined;
    if (!refusal?.actions.includes(action)) return;
    const call = `${service} ${action}`;
    const refused = this.timing.next(`throttle ${call}`) < SHARE_REFUSED;
    if (!refused || this.now() - (this.lastRefusal.get(call) ?? -Infinity) < QUIET_MILLISECONDS) return;
    this.lastRefusal.set(call, this.now());
    throw new AwsError(refusal.code, refusal.message, refusal.status);
  }
}
