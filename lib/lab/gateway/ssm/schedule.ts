import { AwsError } from '../errors';

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
