/** Refuses some calls, as AWS does when an account polls: rarely enough for the SDK's own retries. */
import { AwsError } from '../errors';
import type { Timing } from '../timing';

/** What waiting code calls again and again. */
const THROTTLED = ['SendCommand', 'GetCommandInvocation', 'DescribeInstanceInformation', 'ListCommandInvocations'];
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

  /** Throws ThrottlingException in place of an answer. */
  check(action: string): void {
    if (!THROTTLED.includes(action)) return;
    const refused = this.timing.next(`throttle ${action}`) < SHARE_REFUSED;
    if (!refused || this.now() - (this.lastRefusal.get(action) ?? -Infinity) < QUIET_MILLISECONDS) return;
    this.lastRefusal.set(action, this.now());
    throw new AwsError('ThrottlingException', 'Rate exceeded');
  }
}
