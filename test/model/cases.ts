/** The runs of the model: with which bounds, and which promises each mutation breaks: those and no other. */

/** The words of the fault tests' oracle, and those that only a model can see; docs/delivery.md says what each means. */
export type Promised =
  'lost' | 'swallowed' | 'doubled' | 'unaccounted' | 'wrongLetter' | 'uncovered' | 'back' | 'undrained' | 'unsaid';

/** `read_bounds` in promises.c has the defaults. */
export interface Bounds {
  /** How many faults may happen, of any kind and at any moment. */
  readonly faults: number;
  /** Events of the client: 1 and 2 have one id and different content, 3 has its own. @default 3 */
  readonly events?: 1 | 2 | 3;
  /** 1: the client sends each event once or twice; 0: never again. @default 0 */
  readonly repeats?: 0 | 1;
  /** Records that are no event, of a foreign client, on partition 0. @default 0 */
  readonly unreadable?: number;
  /** @default 1 */
  readonly partitions?: 1 | 2;
  /** 1: the two events of one id are on different partitions. @default 0 */
  readonly spread?: 0 | 1;
  /** @default 2 */
  readonly members?: 1 | 2;
  /** 1: the topic of dead letters, once away, never comes back. @default 0 */
  readonly letters_never?: 0 | 1;
  /** 1: the death of the broker may cost the log its last record. @default 0 */
  readonly truncation?: 0 | 1;
  /** How a member tells a log that was cut: not, by the last record's key, its content, its append. @default 0 */
  readonly tell?: 0 | 1 | 2 | 3;
  /** 1: members join anew when the broker has been away. @default 0 */
  readonly rejoin?: 0 | 1;
}

export interface Case {
  readonly name: string;
  readonly bounds: Bounds;
  /** A constant of constants.h, in lower case with hyphens. */
  readonly mutation?: string;
  readonly breaks: readonly Promised[];
}

const GONE: readonly Promised[] = ['lost', 'swallowed'];
const SKIPPED: readonly Promised[] = [...GONE, 'unaccounted', 'uncovered'];

const holds = (name: string, bounds: Bounds): Case => ({ name, bounds, breaks: [] });

/** The product. */
export const CHECKS: readonly Case[] = [
  holds('three events, any 2 faults', { faults: 2 }),
  holds('two events of one id, any 3 faults', { faults: 3, events: 2 }),
  holds('a client that repeats', { faults: 1, events: 2, repeats: 1 }),
  holds('one id on two partitions, and an unreadable record', {
    faults: 1,
    events: 2,
    unreadable: 1,
    partitions: 2,
    spread: 1,
  }),
  holds('dead letters away for ever', { faults: 1, unreadable: 1, partitions: 2, members: 1, letters_never: 1 }),
];

/** Minutes more. */
export const DEEP_CHECKS: readonly Case[] = [
  holds('all three events on two partitions', { faults: 1, unreadable: 1, partitions: 2, spread: 1 }),
  holds('a client that repeats, any 2 faults', { faults: 2, events: 2, repeats: 1 }),
];

/** No run is endless: without this, a promise that is judged at the end would say nothing. */
export const TERMINATION: Case = holds('every run ends', { faults: 1 });

const mutation = (name: string, breaks: readonly Promised[], bounds: Bounds = { faults: 1 }): Case => ({
  name,
  mutation: name,
  breaks,
  bounds,
});

export const MUTATIONS: readonly Case[] = [
  mutation('acks-0', GONE),
  mutation('producer-kept', GONE),
  mutation('unchecked-answer', GONE),
  mutation('not-reconnected', ['undrained']),
  mutation('commit-before-write', SKIPPED),
  mutation('commit-over-gap', SKIPPED),
  mutation('commit-beyond', [...SKIPPED, 'undrained']),
  mutation('stale-commit', ['back'], { faults: 2, events: 2 }),
  mutation('failure-forgotten', SKIPPED),
  mutation('position-kept', SKIPPED),
  mutation('latest-first', SKIPPED),
  mutation('random-id', ['doubled']),
  mutation('swallowed-conflict', ['swallowed', 'unaccounted', 'uncovered']),
  mutation('everything-in-conflict', ['lost', 'wrongLetter']),
  mutation('repetition-in-conflict', ['wrongLetter']),
  mutation('write-given-up', SKIPPED),
  mutation('no-journal', [...SKIPPED, 'wrongLetter']),
  mutation('letter-not-awaited', ['swallowed', 'unaccounted', 'uncovered']),
  mutation('letter-given-up', ['swallowed', 'unaccounted', 'uncovered']),
  mutation('letter-acks-0', ['swallowed', 'unaccounted', 'uncovered']),
  mutation('letter-blocks-all', ['lost', 'unaccounted', 'undrained'], {
    faults: 1,
    unreadable: 1,
    partitions: 2,
    members: 1,
    letters_never: 1,
  }),
  mutation('not-idempotent', []),
];

const cut = (name: string, breaks: readonly Promised[], ways: Pick<Bounds, 'tell' | 'rejoin'>): Case => ({
  name,
  bounds: { faults: 1, members: 1, truncation: 1, ...ways },
  breaks,
});
const UNSAID: readonly Promised[] = [...SKIPPED, 'unsaid'];

/** The log loses its last record, which nothing can make good: is it at least said? */
export const CUTS: readonly Case[] = [
  cut('the end of the log alone tells', UNSAID, {}),
  cut('key of the last record', UNSAID, { tell: 1 }),
  cut('content of the last record', UNSAID, { tell: 2 }),
  cut('key, and joining anew', UNSAID, { tell: 1, rejoin: 1 }),
  cut('content, and joining anew', SKIPPED, { tell: 2, rejoin: 1 }),
  cut('append, and joining anew', SKIPPED, { tell: 3, rejoin: 1 }),
];
