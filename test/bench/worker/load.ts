import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import { Pool } from 'undici';
import { UuidV7Generator } from '../../../services/common/uuid';
import { METALS, readSecret, writeResult, type Job } from './job';

const TICK_MS = 2;
const ids = new UuidV7Generator();

/** What the processor's histogram takes, and what it leaves out. */
export const SOURCE = { measured: 'bench-measured', warmUp: 'bench-warm-up' } as const;

/** The line that says that the warm-up is over. */
export const MEASURING = 'measuring';

/**
 * Sends events to the producers in turn. Open loop: each request has a moment at which it is due, which is the
 * timestamp of its events, so that waiting for a slow answer counts as latency and is not left out.
 */
export async function load(job: Job): Promise<void> {
  const { urls = [], batch = 1, concurrency = 64, seconds = 10, warmUpSeconds = 3, eventsPerSecond } = job;
  const pools = urls.map((url) => new Pool(url, { connections: Math.ceil(concurrency / urls.length), pipelining: 1 }));
  const headers = { 'content-type': 'application/json', 'x-api-key': readSecret('api-key') };
  const answerMicros = build({ highestTrackableValue: 60_000_000 });
  const failures: Record<string, number> = {};
  let sentEvents = 0;
  let acknowledgedEvents = 0;
  let underWay = 0;
  let turn = 0;
  const startedMs = performance.now();
  const measureFromMs = startedMs + warmUpSeconds * 1_000;
  const endMs = measureFromMs + seconds * 1_000;

  async function send(dueMs: number): Promise<void> {
    const measured = dueMs >= measureFromMs;
    const source = measured ? SOURCE.measured : SOURCE.warmUp;
    const timestamp = new Date(performance.timeOrigin + dueMs).toISOString();
    const events = Array.from({ length: batch }, (_, index) => ({
      event_id: ids.next(),
      metal: METALS[(turn + index) % METALS.length],
      price: 1_850.25,
      timestamp,
      source,
    }));
    const pool = pools[turn % pools.length];
    turn += 1;
    underWay += 1;
    if (measured) sentEvents += batch;
    try {
      const body = JSON.stringify(batch === 1 ? events[0] : events);
      const { statusCode, body: answer } = await pool.request({ method: 'POST', path: '/produce', headers, body });
      await answer.dump();
      if (statusCode !== 202) failures[statusCode] = (failures[statusCode] ?? 0) + batch;
      else if (measured) {
        acknowledgedEvents += batch;
        answerMicros.recordValue(Math.max(1, Math.round((performance.now() - dueMs) * 1_000)));
      }
    } catch (error) {
      const name = (error as { code?: string }).code ?? (error as Error).name;
      failures[name] = (failures[name] ?? 0) + batch;
    } finally {
      underWay -= 1;
    }
  }

  setTimeout(() => process.stdout.write(`${MEASURING}\n`), warmUpSeconds * 1_000);
  if (eventsPerSecond === undefined) {
    const worker = async (): Promise<void> => {
      while (performance.now() < endMs) await send(performance.now());
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  } else {
    const intervalMs = (batch / eventsPerSecond) * 1_000;
    for (let index = 0, dueMs = startedMs; dueMs < endMs; index += 1, dueMs = startedMs + index * intervalMs) {
      while (performance.now() < dueMs) await sleep(Math.min(TICK_MS, Math.max(0, dueMs - performance.now())));
      void send(dueMs);
    }
    while (underWay > 0) await sleep(TICK_MS);
  }
  const tookSeconds = (performance.now() - measureFromMs) / 1_000;
  await Promise.all(pools.map((pool) => pool.close()));
  const atMs = (percentile: number): number => answerMicros.getValueAtPercentile(percentile) / 1_000;
  writeResult({
    sentEvents,
    acknowledgedEvents,
    failures,
    seconds: tookSeconds,
    perSecond: acknowledgedEvents / tookSeconds,
    answerMs: { p50: atMs(50), p95: atMs(95), p99: atMs(99), max: answerMicros.maxValue / 1_000 },
  });
}
