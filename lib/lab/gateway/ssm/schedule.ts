/** Pure: when an association runs on a node. */
import { AwsError } from '../errors';
import { isFinal, type CommandStatus } from './command-records';

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };
const MIN_SECONDS = 30 * 60;

/** Seconds of a `rate(30 minutes)`; State Manager allows no rate below half an hour. */
export function parseRate(expression: string): number {
  const match = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  const seconds = match ? Number(match[1]) * UNIT_SECONDS[match[2]!]! : 0;
  if (seconds >= MIN_SECONDS) return seconds;
  throw new AwsError(
    'InvalidSchedule',
    `schedule '${expression}'; the lab runs rate(<number> minutes|hours|days) from 30 minutes on`,
  );
}

/** An association's last run on a node. */
interface LastRun {
  readonly status: CommandStatus;
  /** When it ended, in seconds since 1970. */
  readonly time: number;
}

/**
 * Whether an agent runs an association now (amazon-ssm-agent, association/model SetNextScheduledDate): one that has not
 * run on its node is run at once; then one with a rate whenever that has passed since, and a run-once one never again,
 * however it ended.
 */
export function isDue(lastRun: LastRun | undefined, schedule: string | undefined, nowSeconds: number): boolean {
  if (!lastRun) return true;
  if (!schedule || !isFinal(lastRun.status)) return false;
  return nowSeconds >= lastRun.time + parseRate(schedule);
}
