/**
 * Clients that lose nothing by themselves: ids of their own, and the same event again until it is acknowledged. Some send
 * arrays, some leave the id to the producer, and where a test says so none repeats anything.
 */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../rig/http';
import { makeEvent, makeRival } from './events';
import type { ClientEvent, Sent } from './observed';
import { Pattern, type PatternOptions, type Planned } from './pattern';
import { post } from './post';

export interface LoadOptions extends PatternOptions {
  /** Part of every tag; no other load on the same store may have it. */
  readonly run: string;
  readonly apiKey: string;
  readonly ratePerSecond: number;
  /** Base addresses of the producers that are meant to be there now. */
  readonly targets: () => readonly string[];
  /** Whether an event whose outcome is unknown is sent again. @default true */
  readonly repeats?: boolean;
  /** How long a client waits for an answer. @default 10 s */
  readonly attemptTimeoutMs?: number;
}

type Single = Extract<Planned, { readonly kind: 'single' }>;

interface Delivery {
  event: ClientEvent;
  acknowledged: boolean;
  refused?: string;
}

interface ArrayResult {
  readonly index: number;
  readonly status: number;
}

const ARRAY_EVENTS = 6;
/** In the midst of each array: the producer refuses it, and it alone. */
const WRONG = { metal: 'gold', price: -1, source: 'wrong' };
const WRONG_AT = 2;
/** Beyond that the load waits: repeating all that an outage holds up would keep this machine busy. */
const MAX_OUTSTANDING = 400;
const GIVE_UP_AFTER_MS = 90_000;
const RETRY_MS = { first: 100, last: 2_000 };
const TICK_MS = 20;

export class Load {
  private readonly deliveries: Delivery[] = [];
  private readonly outstanding = new Set<Promise<void>>();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 200 });
  private readonly ticking: Promise<void>;
  private stopped = false;
  private aborted = false;
  private turn = 0;
  private readonly pattern: Pattern;
  private rivals = 0;
  private took: number[] = [];

  constructor(private readonly options: LoadOptions) {
    this.pattern = new Pattern(options);
    this.ticking = this.run();
  }

  get acknowledged(): number {
    return this.deliveries.filter(({ acknowledged }) => acknowledged).length;
  }

  /** How long each request took that was acknowledged since the last look, in ms. */
  takeLatenciesMs(): number[] {
    const taken = this.took;
    this.took = [];
    return taken;
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
      while (made < due && this.outstanding.size < MAX_OUTSTANDING) made += this.begin();
      // What an outage held up is not made up for in one burst.
      made = Math.max(made, due - MAX_OUTSTANDING);
      await sleep(TICK_MS);
    }
  }

  /** Returns how many events it has begun to send. */
  private begin(): number {
    const planned = this.pattern.next();
    if (planned.kind === 'array') {
      const some = Array.from({ length: ARRAY_EVENTS }, () => this.make());
      this.track(this.deliverArray(some));
      return some.length;
    }
    const delivery = this.make();
    this.track(planned.kind === 'nameless' ? this.deliverNameless(delivery) : this.deliverSingle(delivery, planned));
    return 1;
  }

  private track(work: Promise<void>): void {
    const tracked = work.finally(() => this.outstanding.delete(tracked));
    this.outstanding.add(tracked);
  }

  private make(): Delivery {
    return this.add(makeEvent(this.options.run, this.deliveries.length, Date.now()));
  }

  private add(event: ClientEvent): Delivery {
    const delivery = { event, acknowledged: false };
    this.deliveries.push(delivery);
    return delivery;
  }

  private async deliverSingle(delivery: Delivery, { isRepeated, hasRival }: Single): Promise<void> {
    await this.deliver(delivery);
    if (isRepeated && delivery.acknowledged) await this.post(delivery.event).catch(() => undefined);
    if (!hasRival) return;
    this.rivals += 1;
    const rival = makeRival(delivery.event, this.options.run, this.deliveries.length, this.rivals);
    await this.deliver(this.add(rival));
  }

  /** Repeats until a producer has acknowledged it; an outcome that is still unknown at the end stays unknown. */
  private async deliver(delivery: Delivery): Promise<void> {
    const startMs = performance.now();
    for (let attempt = 0; !this.aborted && performance.now() - startMs < GIVE_UP_AFTER_MS; attempt += 1) {
      const answer = await this.post(delivery.event).catch(() => undefined);
      if (answer !== undefined && this.note(delivery, answer.status, answer.text)) return;
      if (this.options.repeats === false) return;
      const boundMs = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** attempt);
      await sleep(boundMs * (0.5 + Math.random() / 2));
    }
  }

  /** Without id and time, as most clients would send it: the answer says which it has been given. */
  private async deliverNameless(delivery: Delivery): Promise<void> {
    const { metal, price, currency, unit, source } = delivery.event;
    const nameless = { metal, price, currency, unit, source };
    // Found by its tag, should it be stored without an answer.
    delivery.event = { ...nameless, event_id: '', timestamp: '' };
    const answer = await this.post(nameless).catch(() => undefined);
    if (answer === undefined) return;
    if (answer.status === 202) {
      const { event_id: id, timestamp } = JSON.parse(answer.text) as Pick<ClientEvent, 'event_id' | 'timestamp'>;
      delivery.event = { ...nameless, event_id: id, timestamp };
    }
    this.note(delivery, answer.status, answer.text);
  }

  private async deliverArray(some: readonly Delivery[]): Promise<void> {
    const body: object[] = some.map(({ event }) => event);
    body.splice(WRONG_AT, 0, WRONG);
    const answer = await this.post(body).catch(() => undefined);
    if (answer?.status === 207) this.noteResults(some, answer);
    else if (answer !== undefined && answer.status < 500) {
      for (const delivery of some) delivery.refused = `an array with one wrong event was answered ${answer.status}`;
    }
    if (this.options.repeats === false) return;
    const open = some.filter(({ acknowledged, refused }) => !acknowledged && refused === undefined);
    await Promise.all(open.map((delivery) => this.deliver(delivery)));
  }

  private noteResults(some: readonly Delivery[], { text }: Answer): void {
    const { results } = JSON.parse(text) as { results: readonly ArrayResult[] };
    const statusOf = new Map(results.map(({ index, status }) => [index, status]));
    some.forEach((delivery, n) => {
      this.note(delivery, statusOf.get(n < WRONG_AT ? n : n + 1) ?? 500, 'in an array');
    });
    const wrong = statusOf.get(WRONG_AT);
    if (wrong !== 400) some[0].refused = `the wrong event of its array was answered ${wrong}`;
  }

  /** Whether the outcome is known. */
  private note(delivery: Delivery, status: number, text: string): boolean {
    if (status === 202) delivery.acknowledged = true;
    else if (status < 500) delivery.refused = `answered ${status}: ${text.slice(0, 200)}`;
    return status < 500;
  }

  private async post(body: unknown): Promise<Answer> {
    const targets = this.options.targets();
    this.turn += 1;
    const startMs = performance.now();
    const answer = await post(targets[this.turn % targets.length], this.options.apiKey, body, {
      timeoutMs: this.options.attemptTimeoutMs ?? 10_000,
      agent: this.agent,
    });
    if (answer.status === 202) this.took.push(performance.now() - startMs);
    return answer;
  }
}
