/** One fault under load: what clients, the store and `metals status` see from before it until all is well again. */
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type FaultRow, longestGapSeconds } from '../../../scripts/fault-table';
import { UuidV7Generator } from '../../../services/common/uuid';
import { connectPrices, type Prices, produce, type StoredPrice } from './pipeline';
import { metals, repeatedly, ROOT } from './run';
import { apiKey } from './secrets';

export const EVENTS_PER_SECOND = 10;
const RETRY_MILLISECONDS = 500;
/** Times as many as wait: so many attempts a second at the most. */
const RETRY_MILLISECONDS_EACH = 5;
const LOOK_MILLISECONDS = 1_000;
const CALM_MILLISECONDS = 10_000;
const RECOVERY_MILLISECONDS = 600_000;
const STORED_MILLISECONDS = 180_000;
const RESULTS = path.join(ROOT, 'build', 'test-results', 'lab-faults.jsonl');

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one event after the other at a steady rate, each again until it is accepted. */
async function startClient(source: string) {
  const key = await apiKey();
  const ids = new UuidV7Generator();
  const sent: string[] = [];
  const acceptedMs: number[] = [];
  const deliveries: Promise<void>[] = [];
  let givenUp = false;
  const deliver = async (event: { event_id: string }): Promise<void> => {
    while (!givenUp) {
      const { status } = await produce(event, key).catch(() => ({ status: 0 }));
      if (status === 202) return void acceptedMs.push(Date.now());
      // All at once they would be more than the edge takes from one client.
      await sleep(Math.max(RETRY_MILLISECONDS, RETRY_MILLISECONDS_EACH * (sent.length - acceptedMs.length)));
    }
  };
  const timer = setInterval(() => {
    const event = { event_id: ids.next(), metal: 'silver', price: 1 + sent.length / 100, source };
    sent.push(event.event_id);
    deliveries.push(deliver(event));
  }, 1000 / EVENTS_PER_SECOND);
  return {
    sent,
    acceptedMs,
    /** Nothing more is sent; resolves once all is accepted, or at the deadline. */
    async end(timeoutMs: number): Promise<void> {
      clearInterval(timer);
      const deadline = setTimeout(() => (givenUp = true), timeoutMs);
      await Promise.all(deliveries);
      clearTimeout(deadline);
    },
  };
}

/** By their ids, which have an index: the first of those that are not stored yet. */
const MOST_ASKED = 500;

/** All that is stored of a source. */
async function pricesOf(source: string): Promise<Pick<StoredPrice, '_id' | 'price'>[]> {
  const prices = await connectPrices();
  try {
    return await prices.collection.find({ source }, { projection: { _id: 1, price: 1 } }).toArray();
  } finally {
    await prices.close();
  }
}

/** Looks every second which of the events that are sent are stored; its connection is made anew whenever it breaks. */
function watchStore(sent: readonly string[]) {
  const grownMs: number[] = [];
  const stored = new Set<string>();
  let prices: Prices | undefined;
  let failure: unknown;
  const look = async (): Promise<void> => {
    prices ??= await connectPrices();
    const missing = sent.filter((id) => !stored.has(id)).slice(0, MOST_ASKED);
    const options = { projection: { _id: 1 }, maxTimeMS: 5_000 };
    const found = await prices.collection.find({ _id: { $in: missing } }, options).toArray();
    if (found.length > 0) grownMs.push(Date.now());
    for (const { _id } of found) stored.add(_id);
  };
  const endLooking = repeatedly(LOOK_MILLISECONDS, () =>
    look().catch(async (error: unknown) => {
      failure = error;
      await prices?.close().catch(() => undefined);
      prices = undefined;
    }),
  );
  return {
    grownMs,
    stored: () => stored.size,
    async end(): Promise<void> {
      await endLooking();
      await prices?.close();
      if (grownMs.length === 0) throw new Error('no event was seen in the store', { cause: failure });
    },
  };
}

/** What `metals status --json` finds wrong, or why it cannot tell. */
function told(stdout: string, stderr: string): readonly string[] {
  if (!stdout.startsWith('{')) return [stderr.trim()];
  const { problems, error } = JSON.parse(stdout) as {
    readonly problems?: readonly string[];
    readonly error?: { readonly what: string; readonly why: string };
  };
  return problems ?? [`${error?.what}: ${error?.why}`];
}

/** Every distinct thing that `metals status` finds wrong, in the order in which it does. */
function watchStatus() {
  // Numbers that grow and the ids of commands make no new line.
  const lines = new Map<string, string>();
  const add = (line: string): void => {
    const key = line.replace(/[0-9a-f-]{8,}|[0-9]+/g, '#');
    if (!lines.has(key)) lines.set(key, line);
  };
  let healthyMs = 0;
  const end = repeatedly(LOOK_MILLISECONDS, async () => {
    const begun = Date.now();
    const { code, stdout, stderr } = await metals('status', '--json');
    if (code === 0) healthyMs = begun;
    else told(stdout, stderr).forEach(add);
  });
  /** When a look began that found nothing wrong; 0: none has. */
  return { said: lines, healthyMs: () => healthyMs, end };
}

/**
 * Does something bad while events come, and waits until all is well by itself; what was seen goes to a file, by which
 * `npm run fault-table` keeps docs/operations.md.
 *
 * @param fault resolves when it is over, or has only been caused
 * @param remedy what the fault does itself to end it, as nothing else would
 */
export async function underFault(
  topology: string,
  name: string,
  fault: () => Promise<void>,
  remedy?: string,
): Promise<FaultRow> {
  const source = `lab-fault-${Date.now()}`;
  const client = await startClient(source);
  const [store, status] = [watchStore(client.sent), watchStatus()];
  await sleep(CALM_MILLISECONDS);
  status.said.clear();
  const beginMs = Date.now();
  await fault().catch(async (error: unknown) => {
    // Else they would go on beside the next fault.
    await Promise.allSettled([client.end(0), store.end(), status.end()]);
    throw error;
  });
  const overMs = Date.now();
  const deadlineMs = overMs + RECOVERY_MILLISECONDS;
  const isWell = (): boolean => {
    const lastAcceptedMs = client.acceptedMs.at(-1) ?? 0;
    return status.healthyMs() > overMs && Date.now() - lastAcceptedMs < 2_000;
  };
  while (!isWell() && Date.now() < deadlineMs) await sleep(LOOK_MILLISECONDS);
  const isWellAgain = isWell();
  const wellMs = Date.now();
  await client.end(60_000);
  while (store.stored() < client.sent.length && Date.now() < wellMs + 60_000) await sleep(LOOK_MILLISECONDS);
  await Promise.all([store.end(), status.end()]);
  // What MongoDB has lost is stored again after the processors are well.
  let stored = await pricesOf(source);
  for (const endMs = Date.now() + STORED_MILLISECONDS; stored.length < client.sent.length && Date.now() < endMs;) {
    await sleep(LOOK_MILLISECONDS);
    stored = await pricesOf(source);
  }
  const ids = new Set(stored.map(({ _id }) => _id));
  const row: FaultRow = {
    topology,
    fault: name,
    isWellAgain,
    ...(remedy && { remedy }),
    wellAfterSeconds: Math.round((wellMs - overMs) / 1000),
    withoutIntakeSeconds: longestGapSeconds(client.acceptedMs, beginMs, wellMs),
    withoutStoringSeconds: longestGapSeconds(store.grownMs, beginMs, wellMs),
    sent: client.sent.length,
    lost: client.sent.filter((id) => !ids.has(id)).length,
    // Each event has a price of its own; under another id it would be there twice.
    doubled: stored.length - new Set(stored.map(({ price }) => price)).size,
    said: [...status.said.values()],
  };
  mkdirSync(path.dirname(RESULTS), { recursive: true });
  appendFileSync(RESULTS, `${JSON.stringify(row)}\n`);
  return row;
}
