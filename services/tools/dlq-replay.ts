import { errorText } from '../common/log';
import type { DlqDeps } from './dlq';
import { planReplay, type Letter } from './dlq-letter';
import { matches, oldestWanted, SCAN_LIMIT } from './dlq-list';
import { ReasonCounts } from './dlq-output';
import { assertPresent, DlqError, type DlqRequest } from './dlq-request';
import { isTooLarge, sendAgain } from './dlq-send';

/** What one call sends: its lines must fit the output, and its values the memory. */
const SEND_LIMIT = 300;
const SEND_LIMIT_BYTES = 32 * 1_048_576;
/** Skipped letters that are told one by one; of the others, how many there are. */
const SKIPPED_TOLD = 20;

interface Chosen {
  readonly letter: Letter;
  readonly partition: number;
}

/** The letters of one call, as they are read. */
class Selection {
  readonly counts = new ReasonCounts();
  readonly chosen: Chosen[] = [];
  readonly skipped: [offset: number, why: string][] = [];
  /** The first letter that this call leaves to the next. */
  next: number | null = null;
  private bytes = 0;

  constructor(
    private readonly request: DlqRequest,
    private readonly topic: string,
    private readonly partitions: number,
  ) {}

  /** False when the call has its fill. */
  take(letter: Letter): boolean {
    if (!matches(letter, this.request)) return true;
    const plan = planReplay(letter, this.topic, this.partitions);
    if ('refused' in plan) {
      this.skipped.push([letter.offset, plan.refused]);
      return true;
    }
    if (!this.request.dry_run) {
      const bytes = this.bytes + (letter.value?.length ?? 0);
      if (this.chosen.length > 0 && (this.chosen.length >= SEND_LIMIT || bytes > SEND_LIMIT_BYTES)) {
        this.next = letter.offset;
        return false;
      }
      this.bytes = bytes;
      // A copy: what kafkajs hands over holds on to the whole answer that it came with.
      this.chosen.push({
        letter: { ...letter, value: letter.value && Buffer.from(letter.value) },
        partition: plan.partition,
      });
    }
    this.counts.add(letter.reason);
    return true;
  }
}

/**
 * Oldest first. A letter that the topic has no room for is named, and the others go on. A dry run counts; otherwise each letter is sent, and its new coordinates told. `next` is where the
 * following call goes on; what came after the first call's `to` never belongs to it, or a replay would feed itself.
 */
export async function replay(request: DlqRequest, deps: DlqDeps): Promise<void> {
  const { letters, output, pricesTopic } = deps;
  const { low, high } = await letters.range();
  if (request.offsets) assertPresent(request.offsets, { low, high });
  const to = Math.min(request.before ?? high, high);
  const from = Math.max(request.from ?? 0, await oldestWanted(request, low, deps));
  const selection = new Selection(request, pricesTopic, await letters.partitionsOf(pricesTopic));
  if (request.offsets) {
    for (const offset of [...request.offsets].sort((a, b) => a - b)) {
      if (offset < from || selection.next !== null) continue;
      await letters.read(offset, offset + 1, (letter) => selection.take(letter));
    }
  } else {
    const end = Math.min(to, from + SCAN_LIMIT);
    await letters.read(from, end, (letter) => selection.take(letter));
    if (end < to) selection.next ??= end;
  }
  const { counts, skipped, next } = selection;
  for (const each of skipped.slice(0, SKIPPED_TOLD)) output.line({ skipped: each });
  for (const { letter, partition } of selection.chosen) {
    const offset = await send(letter, partition, deps);
    // The header that names the letter makes the record larger than it was, and the topic may take less than it did.
    if (offset === undefined) output.line({ refused: [letter.offset, 'larger than the topic takes'] });
    else output.line({ sent: [letter.offset, partition, offset] });
  }
  output.last({
    end: { low, high, from, to, total: counts.total, by_reason: counts, skipped: skipped.length, next },
  });
}

/** Its new offset; undefined if it is larger than the topic takes, and so not sent. */
async function send(
  letter: Letter,
  partition: number,
  { producer, pricesTopic }: DlqDeps,
): Promise<number | undefined> {
  try {
    return await sendAgain(await producer(), pricesTopic, partition, letter);
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw new DlqError(
      `the dead letter at offset ${letter.offset} may not have been sent: ${errorText(error)}`,
      'replay it and those after it again: an event that arrives twice is stored once',
      false,
      { cause: error },
    );
  }
}
