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
export function planFaults(count: number, seed: number): Fault[] {
  const random = seededRandom(seed);
  const between = ({ least, most }: { least: number; most: number }): number =>
    Math.round(least + random() * (most - least));
  return shuffleRounds(count, random).map((kind) => ({
    kind,
    afterMs: between(PAUSE_MS),
    choice: random(),
    lastsMs: between(LASTS_MS),
  }));
}

function shuffleRounds(count: number, random: () => number): FaultKind[] {
  const kinds: FaultKind[] = [];
  while (kinds.length < count) {
    const round = [...FAULT_KINDS];
    for (let index = round.length - 1; index > 0; index -= 1) {
      const other = Math.floor(random() * (index + 1));
      [round[index], round[other]] = [round[other], round[index]];
    }
    kinds.push(...round);
  }
  return kinds.slice(0, count);
}
