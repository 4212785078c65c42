/** Compares what was sent with what is stored. Pure: it knows nothing of the services but what they promise. */

/** An event as a client sends it. */
export interface ClientEvent {
  readonly event_id: string;
  readonly metal: string;
  readonly price: number;
  readonly currency: string;
  readonly unit: string;
  readonly timestamp: string;
  /** Holds a tag of its own for each event that was meant to be one: documents are found by it, not by their `_id`. */
  readonly source: string;
}

export interface Sent {
  readonly event: ClientEvent;
  /** Answered with 202 at least once. */
  readonly acknowledged: boolean;
  /** An answer that calls the event wrong. */
  readonly refused?: string;
}

export interface Coordinates {
  readonly partition: number;
  readonly offset: number;
}

export interface StoredDocument extends Omit<ClientEvent, 'event_id' | 'timestamp'> {
  readonly _id: string;
  readonly timestamp: Date;
  readonly kafka: Coordinates;
}

export interface TopicRecord extends Coordinates {
  readonly value: string;
}

/** Its coordinates are those of the record that it was. */
export interface Letter extends Coordinates {
  readonly reason: string;
  readonly value: string;
}

export interface Observed {
  readonly sent: readonly Sent[];
  readonly stored: readonly StoredDocument[];
  readonly records: readonly TopicRecord[];
  readonly letters: readonly Letter[];
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
  /** Dead letters for another reason than a conflict of ids, about a record that is stored all the same, or without a rival. */
  readonly wrongLetters: readonly string[];
  readonly refused: readonly string[];
}

const CONFLICT = 'id-conflict';
const at = ({ partition, offset }: Coordinates): string => `${partition}/${offset}`;

/** Content alone decides whether two events are the same. */
const contentOf = (event: Omit<ClientEvent, 'event_id'>, id: string): string =>
  JSON.stringify([id, event.metal, event.price, event.currency, event.unit, event.timestamp, event.source]);
const contentSent = (event: ClientEvent): string => contentOf(event, event.event_id);
const contentStored = (document: StoredDocument): string =>
  contentOf({ ...document, timestamp: document.timestamp.toISOString() }, document._id);

export function judge({ sent, stored, records, letters }: Observed): Verdict {
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
      .filter((letter) => letter.reason !== CONFLICT || !isConflict(letter, storedContents, storedIds))
      .map((letter) => `${letter.reason} of ${at(letter)}`),
    refused: sent.filter(({ refused }) => refused).map(({ event, refused }) => `${event.source}: ${refused}`),
  };
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

const VIOLATIONS = ['lost', 'doubled', 'altered', 'swallowed', 'unaccounted', 'wrongLetters', 'refused'] as const;
const SHOWN = 3;

/** One line for each promise that was broken, with the first examples; none if all held. */
export function violations(verdict: Verdict): string[] {
  return VIOLATIONS.filter((kind) => verdict[kind].length > 0).map((kind) => {
    const examples = verdict[kind].slice(0, SHOWN).join(', ');
    return `${verdict[kind].length} ${kind}: ${examples}${verdict[kind].length > SHOWN ? ', …' : ''}`;
  });
}

export function formatVerdict(verdict: Verdict): string {
  const { sent, acknowledged, unknown, stored, records, letters, conflicts } = verdict;
  const broken = VIOLATIONS.map((kind) => `${verdict[kind].length} ${kind}`);
  return [
    `${sent} sent: ${acknowledged} acknowledged, ${unknown} unknown`,
    `${stored} stored, ${records} records, ${letters} dead letters, ${conflicts} conflicts`,
    broken.join(', '),
  ].join('; ');
}
