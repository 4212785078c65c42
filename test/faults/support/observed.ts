/** What was sent, and what is found of it afterwards and during the run: types, and the name of a place. */

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

/** As verdicts name it. */
export const at = ({ partition, offset }: Coordinates): string => `${partition}/${offset}`;

export interface StoredDocument extends Omit<ClientEvent, 'event_id' | 'timestamp'> {
  readonly _id: string;
  readonly timestamp: Date;
  readonly ingested_at: Date;
  readonly change?: { readonly previous_price: number; readonly amount: number; readonly percent?: number };
  readonly kafka: Coordinates;
}

export interface TopicRecord extends Coordinates {
  /** When the broker appended it, by its own clock. */
  readonly timeMs: number;
  readonly value: string;
}

/** Its coordinates are those of the record that it was. */
export interface Letter extends Coordinates {
  /** Where it stands itself, on the topic of dead letters. */
  readonly letterOffset: number;
  readonly reason: string;
  readonly value: string;
}

/** What a partition holds by the broker's own count, from the beginning of the trial on. */
export interface Span {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

export interface Sample {
  /** The offset to read next, of each partition that the group has committed. */
  readonly committed: ReadonlyMap<number, number>;
  /** The end of the topic of dead letters; read after `committed`. */
  readonly lettersEnd: number;
}

/** In the order of time; documents and dead letters are never taken away. */
export interface Samples {
  readonly samples: readonly Sample[];
  /** The number of the first sample, counted from 0, in which a document was there, by its `_id`. */
  readonly firstSeen: ReadonlyMap<string, number>;
  /** Looks that gave no sample, as while a store was away. */
  readonly failed: number;
}
