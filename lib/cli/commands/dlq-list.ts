import { EXIT, TOPIC } from '../../contract';
import type { Context } from '../context';
import { endOf, openDeadLetters, type CallDeadLetters } from '../dead-letter-call';
import { filterParameters, parseLimit, parseOffset, type ListOptions } from '../dead-letter-options';
import type { ListedLetter, ReasonCounts } from '../dead-letters';
import { completeCommands } from '../next-command';
import { shorten, visible } from '../../safe-text';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const DLQ_LIST_FAILED = 'the dead letters could not be listed';
const DEFAULT_LIMIT = '20';
const NARROWEST_DETAIL = 20;

interface Listing {
  readonly letters: readonly ListedLetter[];
  readonly total: number;
  readonly by_reason: ReasonCounts;
  /** Where an older page begins, or null. */
  readonly before: number | null;
  readonly oldest_offset: number;
  readonly end_offset: number;
  /** What the totals are about: offsets from, and below. */
  readonly counted_from: number;
  readonly counted_below: number;
}

/** `metals dlq list`: newest first, as many as asked for, whatever one call of the document can carry. */
export async function dlqList(context: Context, options: ListOptions): Promise<number> {
  const limit = parseLimit(options.limit ?? DEFAULT_LIMIT);
  const before = options.before === undefined ? undefined : parseOffset(options.before, '--before');
  const filter = filterParameters(options);
  const listing = await readListing(await openDeadLetters(context, DLQ_LIST_FAILED), limit, before, filter);
  if (context.terminal.json) context.terminal.value({ stage: context.stage, topic: TOPIC.deadLetters, ...listing });
  else showListing(context, listing, options);
  return EXIT.ok;
}

/** Totals are those of the first page: it has looked at all that matches. */
async function readListing(
  call: CallDeadLetters,
  limit: number,
  before: number | undefined,
  filter: Readonly<Record<string, string>>,
): Promise<Listing> {
  const letters: ListedLetter[] = [];
  let below = before;
  let first: Omit<Listing, 'letters' | 'before'> | undefined;
  for (;;) {
    const asked = limit - letters.length;
    const answer = await call('reading dead letters on a manager', {
      Action: 'list',
      Limit: String(asked),
      ...filter,
      ...(below !== undefined && { Before: String(below) }),
    });
    const { low, high, from = low, to = high, total, by_reason, before: older } = endOf(answer, DLQ_LIST_FAILED);
    first ??= { total, by_reason, oldest_offset: low, end_offset: high, counted_from: from, counted_below: to };
    letters.push(...answer.letters);
    const cutShort = answer.letters.length > 0 && answer.letters.length < Math.min(asked, total);
    if (!cutShort || older === null) return { letters, ...first, before: older };
    below = older;
  }
}

function showListing(
  { terminal, given }: Context,
  { letters, total, by_reason, before, oldest_offset, end_offset, counted_from, counted_below }: Listing,
  options: ListOptions,
): void {
  if (letters.length > 0) terminal.data(drawTable(listRows(letters, terminal.io.stdout.columns), terminal.colors));
  if (total === 0) {
    const there = end_offset - oldest_offset;
    terminal.note(there === 0 ? 'there are no dead letters' : `none of the ${there} dead letters matches`);
  } else {
    const range = `offsets ${counted_from} to ${counted_below - 1}`;
    terminal.note(`${letters.length} of ${countText(total, by_reason)} (${range})`);
  }
  const note = (line: string): void => terminal.note(completeCommands(line, given));
  if (before !== null) note(`older: ./bin/metals ${listAgain({ ...options, before: String(before) })}`);
  if (letters[0]) note(`next:  ./bin/metals dlq show ${letters[0].offset}`);
}

/** Pure: the same listing from another offset. */
const listAgain = ({ before, limit, reason, since }: ListOptions): string =>
  [
    'dlq list',
    ...Object.entries({ before, limit, reason, since }).flatMap(([name, value]) => (value ? `--${name} ${value}` : [])),
  ].join(' ');

/** `42 dead letters: 30 invalid-event, 12 not-json`. */
export function countText(total: number, byReason: ReasonCounts): string {
  const parts = Object.entries(byReason).map(([reason, count]) => `${count} ${visible(reason)}`);
  return `${total} dead letter${total === 1 ? '' : 's'}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

/** Pure: the rows of the table, header first; the detail takes what the terminal leaves. */
export function listRows(letters: readonly ListedLetter[], columns?: number): string[][] {
  const rows = [
    ['offset', 'time', 'reason', 'metal', 'event id', 'source', 'detail'],
    ...letters.map((letter) => [
      String(letter.offset),
      letter.time.replace(/\.\d+Z$/, 'Z'),
      visible(letter.reason),
      visible(letter.metal ?? '-'),
      visible(letter.event_id ?? '-'),
      sourceText(letter),
      visible(letter.detail),
    ]),
  ];
  if (columns === undefined) return rows;
  const before = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...rows.map((row) => row[column]!.length)) + 2);
  const width = Math.max(NARROWEST_DETAIL, columns - before.reduce((sum, each) => sum + each, 0));
  return rows.map((row) => [...row.slice(0, 6), shorten(row[6]!, width)]);
}

/** `metals-prices-3@455`: topic, partition and offset; the topic only when it is another. */
function sourceText({ source_topic: topic, source_partition: partition, source_offset: offset }: ListedLetter): string {
  if (partition === null || offset === null) return '-';
  const name = topic === TOPIC.prices ? '' : `${visible(topic ?? 'unknown topic')} `;
  return `${name}${partition}@${offset}`;
}

export const verb: Verb<ListOptions> = { failure: DLQ_LIST_FAILED, run: dlqList };
