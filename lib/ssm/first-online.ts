/** Which instance a command goes to that any of several may answer. */
import type { InstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import { pollUntil, type Deadline, type Look } from './deadline';
import { describeTargets, listInstances } from './run-command';
import { throughThrottling } from './throttling';
import type { Target } from './types';

export interface Choice {
  /** In words, for the one who waits: `manager`. */
  readonly what: string;
  /** Taken whenever one that matches is online. */
  readonly preferred: readonly Target[];
  readonly others: readonly Target[];
}

/**
 * Id of the instance to ask. As long as the same ones are online it is the same for everybody, because a document's lock
 * holds on its node only.
 *
 * @throws DeadlineError with the state of each that matches, when none is online in time
 */
export const waitForFirstOnline = (
  ssm: SSMClient,
  { what, preferred, others }: Choice,
  deadline: Deadline,
  onWait?: (reason: string) => void,
): Promise<string> =>
  pollUntil(
    `waiting for a ${what}`,
    deadline,
    throughThrottling(async (): Promise<Look<string>> => {
      const first = firstOnline(await listInstances(ssm, preferred));
      if (first !== undefined) return { value: first };
      const found = await listInstances(ssm, others);
      const other = firstOnline(found);
      if (other !== undefined) return { value: other };
      const states = found.map(({ InstanceId, PingStatus }) => `${InstanceId} is ${PingStatus}`).sort();
      return {
        waitingFor:
          `no ${what} online in Systems Manager: ${found.length} instance(s) with ${describeTargets(others)}` +
          (states.length ? ` (${states.join(', ')})` : ''),
      };
    }),
    onWait,
  );

const firstOnline = (instances: readonly InstanceInformation[]): string | undefined =>
  instances
    .filter(({ PingStatus }) => PingStatus === 'Online')
    .map(({ InstanceId }) => InstanceId!)
    .sort()[0];
