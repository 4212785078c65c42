/** Which fault comes when, decided by a seed alone. Pure. */
import { seededRandom } from '../../../services/producer/walk';

export const FAULT_KINDS = [
  'kill-producer',
  'kill-processor',
  'restart-kafka',
  'restart-mongodb',
  'rolling-update',
  'cut-network',
  'pause',
  'drop-one-way',
  'slow-store',
  'both-stores',
  'changed-configuration',
  'step-clock',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * Those that need more of the machine than to run containers: a freezer that Docker's runtime may use, iptables, a lower
 * CPU quota, libfaketime. The short fault tests do without them.
 */
const OF_THE_MACHINE: ReadonlySet<FaultKind> = new Set(['pause', 'drop-one-way', 'slow-store', 'step-clock']);
export const SHORT_KINDS: readonly FaultKind[] = FAULT_KINDS.filter((kind) => !OF_THE_MACHINE.has(kind));

export interface Fault {
  readonly kind: FaultKind;
  /** After the beginning of the one before. */
  readonly afterMs: number;
  /** Chooses among the replicas that are there when its time comes: from 0 up to, not including, 1. */
  readonly choice: number;
  /** How long a cut, a pause, or whatever else has an end, lasts. */
  readonly lastsMs: number;
}

const PAUSE_MS = { least: 1_500, most: 6_000 };
/** Above and below the time-out of a request (8 s) and the session of a processor (6 s). */
const LASTS_MS = { least: 1_000, most: 12_000 };

/** Every kind as often as every other, as far as the count allows, in an order that the seed decides. */
export function planFaults(count: number, seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Fault[] {
  const random = seededRandom(seed);
  const between = ({ least, most }: { least: number; most: number }): number =>
    Math.round(least + random() * (most - least));
  return shuffleRounds(count, random, kinds).map((kind) => ({
    kind,
    afterMs: between(PAUSE_MS),
    choice: random(),
    lastsMs: between(LASTS_MS),
  }));
}

function shuffleRounds(count: number, random: () => number, kinds: readonly FaultKind[]): FaultKind[] {
  const rounds: FaultKind[] = [];
  while (rounds.length < count) {
    const round = [...kinds];
    for (let index = round.length - 1; index > 0; index -= 1) {
      const other = Math.floor(random() * (index + 1));
      [round[index], round[other]] = [round[other], round[index]];
    }
    rounds.push(...round);
  }
  return rounds.slice(0, count);
}
