/** Why a record becomes a dead letter, and what to do about it. */
import { closest, distance } from 'fastest-levenshtein';
import type { DeadLetterReason } from '../../services/processor/record';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const REPLAYED_AS_IT_IS = 'replaying it as it is makes another dead letter';

const replay = (offset: number): string => `./bin/metals dlq replay ${offset}`;

/** For each reason, what the operator does next; the last lines are commands where there is one to type. */
const ADVICE: Readonly<Record<DeadLetterReason, (offset: number, eventId: string) => readonly string[]>> = {
  'unreadable-batch': () => [
    'the detail says which records of the topic could not be read, and why: it cannot be replayed, so have their sender send them again, uncompressed',
  ],
  'too-large': () => [`no event is as large as that: have its sender correct it; ${REPLAYED_AS_IT_IS}`],
  'empty-value': () => [`the record has no value: find out who sent it; ${REPLAYED_AS_IT_IS}`],
  'not-utf-8': () => [`the value is no text: have its sender correct it; ${REPLAYED_AS_IT_IS}`],
  'not-json': () => [`the value is no JSON: have its sender correct it; ${REPLAYED_AS_IT_IS}`],
  'unknown-schema-version': (offset) => [
    'deploy a processor that knows this schema_version, then replay',
    './bin/metals deploy',
    replay(offset),
  ],
  'invalid-event': (offset) => [
    'the detail names the fields: have the sender send it again, corrected, with an event id of its own',
    `or, if the processor is wrong: deploy a corrected one, then ${replay(offset)}`,
  ],
  'key-mismatch': () => [`the key is not the event id: have its sender correct it; ${REPLAYED_AS_IT_IS}`],
  'id-conflict': (_, eventId) => [
    `compare it with the stored event, in mongosh: db.prices.findOne({_id: '${eventId}'})`,
    `if both are right, have the sender send this one again with an event id of its own; ${REPLAYED_AS_IT_IS}`,
  ],
  'write-refused': (offset) => [
    'MongoDB refused the document, the detail says why: remove the cause, then replay',
    replay(offset),
  ],
};

export const DEAD_LETTER_REASONS = Object.keys(ADVICE) as readonly DeadLetterReason[];

export function adviceFor(reason: string, offset: number, eventId: string | null): readonly string[] {
  // The id is somebody else's text, and this is a line that somebody will type.
  const safeId = eventId !== null && UUID.test(eventId) ? eventId : '<event id>';
  if (!isKnown(reason)) return ['this command line does not know the reason: bring it to the deployed version'];
  return ADVICE[reason](offset, safeId);
}

const isKnown = (text: string): text is DeadLetterReason => Object.hasOwn(ADVICE, text);

/** Why this is no reason, or undefined if it is one. */
export function reasonProblem(text: string): string | undefined {
  if (isKnown(text)) return undefined;
  const nearest = closest(text, [...DEAD_LETTER_REASONS]);
  const hint = distance(text, nearest) <= 4 ? ` (did you mean ${nearest}?)` : '';
  return `--reason: got "${text}"${hint}, expected one of ${DEAD_LETTER_REASONS.join(', ')}`;
}
