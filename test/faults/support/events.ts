/** Events of a load, each with a tag of its own. Pure but for the ids. */
import { uuidV7 } from './ids';
import type { ClientEvent } from './observed';

const UNITS = {
  gold: 'troy_ounce',
  silver: 'troy_ounce',
  platinum: 'troy_ounce',
  palladium: 'troy_ounce',
  copper: 'tonne',
  aluminium: 'tonne',
  nickel: 'tonne',
  zinc: 'tonne',
} as const;
const METALS = Object.keys(UNITS) as (keyof typeof UNITS)[];
/** How far the time of an event lies from that of its rival, one after the other. */
const RIVAL_SHIFTS_MS = [0, 5_000, -5_000];

export function makeEvent(run: string, n: number, nowMs: number): ClientEvent {
  const metal = METALS[n % METALS.length];
  return {
    event_id: uuidV7(nowMs),
    metal,
    price: 1_000 + n / 100,
    currency: 'USD',
    unit: UNITS[metal],
    timestamp: new Date(nowMs).toISOString(),
    source: `oracle:${run}:${n}`,
  };
}

/** Another event with the same id; `turn` says which of the times it has. */
export function makeRival(event: ClientEvent, run: string, n: number, turn: number): ClientEvent {
  const timeMs = Date.parse(event.timestamp) + RIVAL_SHIFTS_MS[turn % RIVAL_SHIFTS_MS.length];
  return { ...event, price: event.price + 1, timestamp: new Date(timeMs).toISOString(), source: `oracle:${run}:${n}` };
}
