/** A client that loses nothing by itself: ids of its own, and the same event again until it is acknowledged. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { UuidV7Generator, uuidV7TimeMs } from '../../../services/common/uuid';
import { call } from '../../rig/http';
import type { ClientEvent, Sent } from './oracle';

export interface LoadOptions {
  /** Part of every tag; no other load on the same store may have it. */
  readonly run: string;
  readonly apiKey: string;
  readonly ratePerSecond: number;
  /** Base addresses of the producers that are meant to be there now. */
  readonly targets: () => readonly string[];
  /** Every n-th event has the id of the one before and another price. @default 40 */
  readonly conflictEvery?: number;
  /** Every n-th event is sent again after it was acknowledged, as by a client that missed the answer. @default 25 */
  readonly repeatEvery?: number;
}

interface Delivery {
  readonly event: ClientEvent;
  acknowledged: boolean;
  refused?: string;
}

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
/** Beyond that the load waits: repeating all that an outage holds up would keep this machine busy. */
const MAX_OUTSTANDING = 400;
const ATTEMPT_TIMEOUT_MS = 10_000;
const GIVE_UP_AFTER_MS = 90_000;
const RETRY_MS = { first: 100, last: 2_000 };
const TICK_MS = 20;

export class Load {
  private readonly deliveries: Delivery[] = [];
  private readonly outstanding = new Set<Promise<void>>();
  private readonly ids = new UuidV7Generator();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 200 });
  private readonly ticking: Promise<void>;
  private stopped = false;
  private aborted = false;
  private turn = 0;

  constructor(private readonly options: LoadOptions) {
    this.ticking = this.run();
  }

  get acknowledged(): number {
    return this.deliveries.filter(({ acknowledged }) => acknowledged).length;
  }

  /** Sends no new events, waits for the outcome of all, and returns what was sent. */
  async stop(): Promise<readonly Sent[]> {
    this.stopped = true;
    await this.ticking;
    while (this.outstanding.size > 0) await Promise.all(this.outstanding);
    this.agent.destroy();
    return this.deliveries;
  }

  /** Ends at once, whatever is under way; for a trial that has failed otherwise. */
  async abort(): Promise<void> {
    this.aborted = true;
    await this.stop();
  }

  private async run(): Promise<void> {
    const startMs = performance.now();
    let made = 0;
    while (!this.stopped) {
      const due = Math.floor(((performance.now() - startMs) / 1_000) * this.options.ratePerSecond);
      for (; made < due && this.outstanding.size < MAX_OUTSTANDING; made += 1) this.begin();
      // What an outage held up is not made up for in one burst.
      made = Math.max(made, due - MAX_OUTSTANDING);
      await sleep(TICK_MS);
    }
  }

  private begin(): void {
    const { conflictEvery = 40, repeatEvery = 25 } = this.options;
    const n = this.deliveries.length;
    const delivery = this.add(this.makeEvent(n, this.ids.next()));
    const repeats = n % repeatEvery === 0;
    const conflicts = n % conflictEvery === 0;
    const work = this.deliver(delivery)
      .then(() => (repeats ? this.attempt(delivery.event).catch(() => undefined) : undefined))
      .then(() => (conflicts ? this.deliver(this.add(this.makeConflict(delivery.event))) : undefined))
      .finally(() => this.outstanding.delete(work));
    this.outstanding.add(work);
  }

  private add(event: ClientEvent): Delivery {
    const delivery = { event, acknowledged: false };
    this.deliveries.push(delivery);
    return delivery;
  }

  private makeEvent(n: number, id: string): ClientEvent {
    const metal = METALS[n % METALS.length];
    return {
      event_id: id,
      metal,
      price: 1_000 + n / 100,
      currency: 'USD',
      unit: UNITS[metal],
      timestamp: new Date(uuidV7TimeMs(id)).toISOString(),
      source: `oracle:${this.options.run}:${n}`,
    };
  }

  private makeConflict(event: ClientEvent): ClientEvent {
    return { ...event, price: event.price + 1, source: `oracle:${this.options.run}:${this.deliveries.length}` };
  }

  /** Repeats until a producer has acknowledged it; an outcome that is still unknown at the end stays unknown. */
  private async deliver(delivery: Delivery): Promise<void> {
    const startMs = performance.now();
    for (let attempt = 0; !this.aborted && performance.now() - startMs < GIVE_UP_AFTER_MS; attempt += 1) {
      const status = await this.attempt(delivery.event).catch(() => undefined);
      if (status === 202) {
        delivery.acknowledged = true;
        return;
      }
      if (status !== undefined && status < 500) {
        delivery.refused = `answered ${status}`;
        return;
      }
      const boundMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** attempt);
      await sleep(boundMs * (0.5 + Math.random() / 2));
    }
  }

  private async attempt(event: ClientEvent): Promise<number> {
    const targets = this.options.targets();
    this.turn += 1;
    const { status } = await call(`${targets[this.turn % targets.length]}/produce`, {
      method: 'POST',
      body: JSON.stringify(event),
      headers: { 'content-type': 'application/json', 'x-api-key': this.options.apiKey },
      timeoutMs: ATTEMPT_TIMEOUT_MS,
      agent: this.agent,
    });
    return status;
  }
}
