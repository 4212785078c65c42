/** Alarms of a stage that are raised: what CloudWatch has seen, and it looks once an hour. */
import { isRefusal } from '../aws-errors';
import { FILE_SYSTEMS } from '../contract';
import { clientsOf, type Caller } from './clients';
import type { Context } from './context';

/** The one alarm that there is for each file system of each slot: lib/constructs/disk-alarms.ts. */
const isOf = (stage: string, name = ''): boolean =>
  new RegExp(`^metals-${stage}-(manager|worker)-\\d+-(${FILE_SYSTEMS.join('|')})-disk$`).test(name);

/** One line for each alarm that is raised; none where they may not be seen. */
export async function raisedAlarms(
  context: Caller & Pick<Context, 'stage'>,
  region: string,
): Promise<readonly string[]> {
  // Loaded here: no other command waits for CloudWatch's client.
  const { CloudWatchClient, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const client = (await clientsOf(context, region))(CloudWatchClient);
  const found: string[] = [];
  try {
    const query = { AlarmNamePrefix: `metals-${context.stage}-`, StateValue: 'ALARM' as const };
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, query))
      for (const alarm of MetricAlarms)
        // Another stage's name may begin with this one's.
        if (isOf(context.stage, alarm.AlarmName))
          found.push(
            `alarm ${alarm.AlarmName} has been raised since ${time(alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp)}: ${alarm.AlarmDescription}`,
          );
  } catch (error) {
    if (!isRefusal(error)) throw error;
  } finally {
    client.destroy();
  }
  return found.sort();
}

const time = (at: Date | undefined): string =>
  at === undefined ? 'an unknown time' : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
