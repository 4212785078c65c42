import { EXIT, TOPIC } from '../../contract';
import type { Context } from '../context';
import { endOf, openDeadLetters } from '../dead-letter-call';
import { parseOffset } from '../dead-letter-options';
import { adviceFor } from '../dead-letter-reasons';
import type { ShownBytes, ShownLetter } from '../dead-letters';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { visible } from '../../safe-text';
import type { Verb } from '../verbs/verb';

export const DLQ_SHOW_FAILED = 'the dead letter could not be shown';

/** `metals dlq show OFFSET`: everything about one letter, and what to do about it. */
export interface ShowOptions {
  /** As it was typed. */
  readonly offset: string;
}

export async function dlqShow(context: Context, options: ShowOptions): Promise<number> {
  const offset = parseOffset(options.offset);
  const call = await openDeadLetters(context, DLQ_SHOW_FAILED);
  const answer = await call(`reading dead letter ${offset} on a manager`, { Action: 'show', Offsets: String(offset) });
  endOf(answer, DLQ_SHOW_FAILED);
  const [letter] = answer.letters;
  if (!letter || !('value' in letter)) {
    throw new CliError(
      DLQ_SHOW_FAILED,
      `the document dead-letters answered without the letter at ${offset}`,
      ['./bin/metals deploy    # brings document and command line to the same version'],
      'other-version',
    );
  }
  const advice = adviceFor(letter.reason, letter.offset, letter.event_id).map((line) =>
    completeCommands(line, context.given),
  );
  if (context.terminal.json) {
    context.terminal.value({ stage: context.stage, topic: TOPIC.deadLetters, ...letter, next: advice });
    return EXIT.ok;
  }
  context.terminal.data(letterText(letter));
  for (const line of advice) context.terminal.note(`next: ${line}`);
  return EXIT.ok;
}

/** Pure: one line for each field, then the value. */
export function letterText(letter: ShownLetter): string {
  const number = (value: number | null): string => (value === null ? 'unknown' : String(value));
  const text = (value: string | null): string => (value === null ? 'unknown' : visible(value));
  const fields: [string, string][] = [
    ['offset', String(letter.offset)],
    ['time', letter.time],
    ['reason', visible(letter.reason)],
    ['detail', visible(letter.detail)],
    ['metal', letter.metal === null ? 'not readable' : visible(letter.metal)],
    ['event id', letter.event_id === null ? 'not readable' : visible(letter.event_id)],
    ['source topic', text(letter.source_topic)],
    ['source partition', number(letter.source_partition)],
    ['source offset', number(letter.source_offset)],
    ['source key', letter.source_key === null ? 'none' : bytesText(letter.source_key)],
    ['failed at', text(letter.failed_at)],
    ['processor version', text(letter.processor_version)],
    ['value', letter.value === null ? 'none' : sizeText(letter.value)],
  ];
  const lines = fields.map(([name, value]) => `${name.padEnd(18)}${value}`);
  return letter.value === null ? lines.join('\n') : [...lines, '', visible(letter.value.data)].join('\n');
}

const bytesText = (bytes: ShownBytes): string => `${visible(bytes.data)} (${sizeText(bytes)})`;

function sizeText({ bytes, encoding, cut, data }: ShownBytes): string {
  const form = encoding === 'utf-8' ? 'text' : 'not UTF-8, as base64';
  const shown = encoding === 'utf-8' ? Buffer.byteLength(data) : Buffer.from(data, 'base64').length;
  return `${bytes} bytes, ${form}${cut ? `; the first ${shown} bytes of it` : ''}`;
}

export const verb: Verb<ShowOptions> = { failure: DLQ_SHOW_FAILED, run: dlqShow };
