/** Compares what was sent with what is stored. Pure: it knows nothing of the services but what they promise. */
import { wrongChanges } from './changes';
import { committedEarly, unread } from './coverage';
import {
  at,
  type ClientEvent,
  type Letter,
  type Samples,
  type Sent,
  type Span,
  type StoredDocument,
  type TopicRecord,
} from './observed';

export interface Observed {
  readonly sent: readonly Sent[];
  readonly stored: readonly StoredDocument[];
  readonly records: readonly TopicRecord[];
  readonly letters: readonly Letter[];
  /** Every document of the store, those of other runs too: a change may refer to them. @default `stored` */
  readonly everyDocument?: readonly StoredDocument[];
  /** The records that these documents were made of. @default `records` */
  readonly everyRecord?: readonly TopicRecord[];
  /** Records that are no events of the load, by their value, and the reason that each must be a dead letter for. */
  readonly foreign?: ReadonlyMap<string, string>;
  readonly spans?: readonly Span[];
  readonly samples?: Samples;
  /** From the end of the load and of the faults until nothing was behind. */
  readonly drain?: { readonly seconds: number; readonly mostSeconds: number };
}

export interface Verdict {
  readonly sent: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly stored: number;
  readonly records: number;
  readonly letters: number;
  /** Acknowledged events that another event with the same id has kept out, and that are dead letters for it. */
  readonly conflicts: number;
  /** Acknowledged, and neither stored nor answered for by a dead letter. */
  readonly lost: readonly string[];
  /** In more than one document. */
  readonly doubled: readonly string[];
  /** Stored with other content than was sent, or sent by nobody. */
  readonly altered: readonly string[];
  /** Same id, other content, and no dead letter that says so. */
  readonly swallowed: readonly string[];
  /** Records that are neither a document, nor a dead letter, nor the repetition of a stored event. */
  readonly unaccounted: readonly string[];
  /**
   * Dead letters for a reason that does not hold: another one than that of the foreign record, or than a conflict of ids,
   * about a record that is stored all the same, without a rival, or with the place of another record.
   */
  readonly wrongLetters: readonly string[];
  readonly refused: readonly string[];
  /** Documents whose change is not the one against the newest stored price before it. */
  readonly wrongChanges: readonly string[];
  /** Offsets that the broker counts and that hold no record that can be read. */
  readonly unread: readonly string[];
  /** Records that were committed, in a sample taken during the run, before they were stored or dead letters. */
  readonly early: readonly string[];
  readonly slow: readonly string[];
  readonly samples: number;
  readonly failedSamples: number;
  readonly drainSeconds: number;
}

const CONFLICT = 'id-conflict';

/** Content alone decides whether two events are the same. */
const contentOf = (event: Omit<ClientEvent, 'event_id'>, id: string): string =>
  JSON.stringify([id, event.metal, event.price, event.currency, event.unit, event.timestamp, event.source]);
const contentSent = (event: ClientEvent): string => contentOf(event, event.event_id);
const contentStored = (document: StoredDocument): string =>
  contentOf({ ...document, timestamp: document.timestamp.toISOString() }, document._id);

export function judge(observed: Observed): Verdict {
  const { sent, stored, records, letters, foreign = new Map<string, string>() } = observed;
  const documentsOf = groupBy(stored, ({ source }) => source);
  const storedContents = new Set(stored.map(contentStored));
  const storedIds = new Set(stored.map(({ _id }) => _id));
  const storedAt = new Set(stored.map(({ kafka }) => at(kafka)));
  const conflictLetters = letters.filter(({ reason }) => reason === CONFLICT);
  const inConflict = new Set(conflictLetters.map(({ value }) => parseContent(value)));
  const letterAt = new Set(letters.map(at));
  const sentContents = new Set(sent.map(({ event }) => contentSent(event)));

  const missing = sent.filter(({ event, acknowledged }) => acknowledged && !documentsOf.has(event.source));
  // A conflict needs two: the letter answers for an event only where the other one is stored.
  const isAnswered = (event: ClientEvent): boolean =>
    inConflict.has(contentSent(event)) && storedIds.has(event.event_id);
  const answeredFor = missing.filter(({ event }) => isAnswered(event));
  const unanswered = missing.filter(({ event }) => !isAnswered(event));
  const isAccounted = (record: TopicRecord): boolean =>
    storedAt.has(at(record)) || letterAt.has(at(record)) || storedContents.has(parseContent(record.value) ?? '');
  const isRight = (letter: Letter): boolean =>
    letter.reason === (foreign.get(letter.value) ?? CONFLICT) &&
    (foreign.has(letter.value) || isConflict(letter, storedContents, storedIds));
  const recordAt = new Map(records.map((record) => [at(record), record.value]));
  return {
    sent: sent.length,
    acknowledged: sent.filter(({ acknowledged }) => acknowledged).length,
    unknown: sent.filter(({ acknowledged }) => !acknowledged).length,
    stored: stored.length,
    records: records.length,
    letters: letters.length,
    conflicts: answeredFor.length,
    lost: unanswered.filter(({ event }) => !storedIds.has(event.event_id)).map(({ event }) => event.source),
    doubled: [...documentsOf].filter(([, documents]) => documents.length > 1).map(([source]) => source),
    altered: stored
      .filter((document) => !sentContents.has(contentStored(document)))
      .map((document) => `${document.source} (${document._id})`),
    swallowed: unanswered.filter(({ event }) => storedIds.has(event.event_id)).map(({ event }) => event.source),
    unaccounted: records.filter((record) => !isAccounted(record)).map(at),
    wrongLetters: letters
      .filter((letter) => !isRight(letter) || recordAt.get(at(letter)) !== letter.value)
      .map((letter) => `${letter.reason} of ${at(letter)}`),
    refused: sent.filter(({ refused }) => refused).map(({ event, refused }) => `${event.source}: ${refused}`),
    wrongChanges: wrongChanges(observed.everyDocument ?? stored, observed.everyRecord ?? records)
      .filter(({ source }) => documentsOf.has(source))
      .map(({ source, text }) => `${source}: ${text}`),
    unread: (observed.spans ?? []).flatMap((span) => unread(span, records)),
    early:
      observed.samples === undefined
        ? []
        : committedEarly(observed.samples, { records, letters, documentOf: find(stored) }),
    slow: tooSlow(observed.drain),
    samples: observed.samples?.samples.length ?? 0,
    failedSamples: observed.samples?.failed ?? 0,
    drainSeconds: observed.drain?.seconds ?? 0,
  };
}

function tooSlow(drain: Observed['drain']): string[] {
  if (drain === undefined || drain.seconds <= drain.mostSeconds) return [];
  return [`nothing was behind after ${Math.round(drain.seconds)} s; at most ${drain.mostSeconds} s are allowed`];
}

/** By content: a repetition stands elsewhere on the topic. */
function find(stored: readonly StoredDocument[]): (record: TopicRecord) => StoredDocument | undefined {
  const byContent = new Map(stored.map((document) => [contentStored(document), document]));
  const byPlace = new Map(stored.map((document) => [at(document.kafka), document]));
  return (record) => byPlace.get(at(record)) ?? byContent.get(parseContent(record.value) ?? '');
}

function isConflict({ value }: Letter, storedContents: ReadonlySet<string>, storedIds: ReadonlySet<string>): boolean {
  const event = parseEvent(value);
  return event !== undefined && storedIds.has(event.event_id) && !storedContents.has(contentSent(event));
}

function parseEvent(value: string): ClientEvent | undefined {
  try {
    return (JSON.parse(value) as ClientEvent | null) ?? undefined;
  } catch {
    // Not an event: no document can be its repetition.
    return undefined;
  }
}

function parseContent(value: string): string | undefined {
  const event = parseEvent(value);
  return event === undefined ? undefined : contentSent(event);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

const VIOLATIONS = [
  'lost',
  'doubled',
  'altered',
  'swallowed',
  'unaccounted',
  'wrongLetters',
  'refused',
  'wrongChanges',
  'unread',
  'early',
  'slow',
] as const;
const SHOWN = 3;

/** One line for each promise that was broken, with the first examples; none if all held. */
export function violations(verdict: Verdict): string[] {
  return VIOLATIONS.filter((kind) => verdict[kind].length > 0).map((kind) => {
    const examples = verdict[kind].slice(0, SHOWN).join(', ');
    return `${verdict[kind].length} ${kind}: ${examples}${verdict[kind].length > SHOWN ? ', …' : ''}`;
  });
}

export function formatVerdict(verdict: Verdict): string {
  const { sent, acknowledged, unknown, stored, records, letters, conflicts, drainSeconds } = verdict;
  const broken = VIOLATIONS.map((kind) => `${verdict[kind].length} ${kind}`);
  return [
    `${sent} sent: ${acknowledged} acknowledged, ${unknown} unknown`,
    `${stored} stored, ${records} records, ${letters} dead letters, ${conflicts} conflicts`,
    broken.join(', '),
    `${verdict.samples} samples of what was committed (${verdict.failedSamples} more failed), drained in ${drainSeconds.toFixed(1)} s`,
  ].join('; ');
}
