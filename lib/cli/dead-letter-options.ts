/** Pure: what was typed behind `metals dlq …`, checked before anything is asked or sent. */
import { reasonProblem } from './dead-letter-reasons';
import { durationProblem, parseDurationSeconds } from './duration';
import { CliError } from './errors';

/** Parameters of the document that the caller gives; the others keep their defaults. */
export type DeadLetterParameters = Readonly<Record<string, string>>;

const HIGHEST_LIMIT = 1000;
const MOST_OFFSETS = 100;
const NOT_STARTED = 'the command did not start';

const usage = (why: string, next: string): CliError => new CliError(NOT_STARTED, why, [next], 'usage');

export interface FilterOptions {
  readonly reason?: string;
  readonly since?: string;
}

/** Dead letters are kept for 30 days unless somebody has set another time. */
const LONGEST_SECONDS = 366 * 86_400;

/** @throws CliError (usage) for an unknown reason or a duration that is none */
export function filterParameters({ reason, since }: FilterOptions): DeadLetterParameters {
  const problem = reason === undefined ? undefined : reasonProblem(reason);
  if (problem) throw usage(problem, './bin/metals dlq list');
  const sinceSeconds = since === undefined ? undefined : parseDurationSeconds(since, LONGEST_SECONDS);
  if (since !== undefined && sinceSeconds === undefined) {
    throw usage(durationProblem('--since', since, LONGEST_SECONDS), 'add --since 1h');
  }
  return {
    ...(reason !== undefined && { Reason: reason }),
    ...(sinceSeconds !== undefined && { SinceSeconds: String(sinceSeconds) }),
  };
}

/** @throws CliError (usage) unless it is an offset */
export function parseOffset(text: string, name = 'OFFSET'): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usage(`${name}: got "${text}", expected the offset of a dead letter, e.g. 17`, './bin/metals dlq list');
}

export interface ListOptions extends FilterOptions {
  readonly limit?: string;
  readonly before?: string;
}

/** @throws CliError (usage) */
export function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= HIGHEST_LIMIT) return limit;
  throw usage(`--limit: got "${text}", expected a number from 1 to ${HIGHEST_LIMIT}`, 'add --limit 20');
}

export interface ReplayOptions extends FilterOptions {
  readonly offsets: readonly string[];
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Which letters are replayed: exactly one of offsets, --reason and --all. @throws CliError (usage) */
export function replayParameters(options: ReplayOptions): DeadLetterParameters {
  const { offsets, reason, since, all } = options;
  const ways = [
    ...(offsets.length > 0 ? [`OFFSET ${offsets[0]}`] : []),
    ...(reason !== undefined ? ['--reason'] : []),
    ...(all ? ['--all'] : []),
  ];
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'got none of them' : `got ${ways.join(' and ')}`;
    throw usage(`replay needs offsets, --reason or --all: ${got}`, './bin/metals dlq replay --help');
  }
  if (offsets.length > 0 && since !== undefined) {
    throw usage(`--since goes with --reason or --all, not with offsets: got --since ${since}`, 'leave out --since');
  }
  if (offsets.length === 0) return filterParameters(options);
  const wanted = [...new Set(offsets.map((text) => parseOffset(text)))].sort((a, b) => a - b);
  if (wanted.length > MOST_OFFSETS) {
    throw usage(
      `got ${wanted.length} offsets, expected at most ${MOST_OFFSETS}`,
      'name fewer offsets at a time, or: ./bin/metals dlq replay --reason REASON',
    );
  }
  return { Offsets: wanted.join(',') };
}
