/**
 * One scenario in a process of its own, with the product's flags: prints one line of JSON. Its batches come from a file,
 * which `encode` writes in another process: encoding them takes more memory than the processor may have.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserialize, serialize, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BSON } from 'mongodb';
import type { PriceDocument } from '../../../services/processor/record';
import { simulatedProcessor } from '../../services/processor/simulated-processor';
import { batchOf, SimulatedTopic, type EncodedBatch } from '../../services/processor/simulated-topic';
import { event, SCENARIOS } from './scenarios';

const TOPIC = 'metals-prices';
const PARTITIONS = 6;
const LIVE_PARTITION = 5;
const LIVE_INTERVAL_MS = 20;
const SLOW_INSERT_MS = 200;
const MB = 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use of the heap, and of buffers outside of it. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function main(): Promise<void> {
  const [name, mode, file, seconds] = process.argv.slice(2);
  const scenario = SCENARIOS[name];
  if (mode === 'encode') return writeFileSync(file, serialize(await scenario.batches()));
  const isLive = mode === 'live';
  const nothing = { batches: [await batchOf([event()])], count: 0 };
  const batches = deserialize(readFileSync(file)) as EncodedBatch[];
  const partitions = Array.from({ length: PARTITIONS }, (_, n) =>
    isLive && n > 0 ? { ...nothing } : { batches, count: scenario.count },
  );
  const topic = new SimulatedTopic(TOPIC, partitions);
  const dueMs: number[] = [];
  const delaysMs: number[] = [];
  let safe = 0;
  topic.onSend = async () => {
    if (scenario.letters === 'away') throw new Error('away');
  };
  const insert = async (documents: readonly PriceDocument[]): Promise<void> => {
    // What the driver does with them.
    const bytes = documents.map((document) => BSON.serialize(document));
    await sleep(scenario.store === 'slow' ? SLOW_INSERT_MS : 1);
    if (scenario.store === 'away') throw new Error(`away, with ${bytes.length} documents`);
    if (!isLive) return;
    const now = performance.now();
    for (const { kafka } of documents) if (kafka.partition === LIVE_PARTITION) delaysMs.push(now - dueMs[kafka.offset]);
  };
  const { consumer } = simulatedProcessor(TOPIC, topic, { insert }, ({ inserted, deadLetters }) => {
    safe += inserted + deadLetters.length;
  });
  const before = usedBytes();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  consumer.start();
  let pending = 0;
  const isDone = (): boolean => topic.next.every((_, n) => topic.committed.get(n) === topic.end(n));
  while (performance.now() - startedAt < Number(seconds) * 1_000) {
    if (!isLive && isDone()) break;
    if (isLive) {
      dueMs.push(performance.now());
      partitions[LIVE_PARTITION].count += 1;
    }
    pending = Math.max(pending, consumer.pendingBytes);
    await sleep(isLive ? LIVE_INTERVAL_MS : 5);
  }
  const elapsed = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const waiting = consumer.pendingRecords;
  delaysMs.sort((left, right) => left - right);
  const result = {
    peakMb: Math.round(process.resourceUsage().maxRSS / 1_024),
    bytesPerWaiting: waiting === 0 ? 0 : Math.round((usedBytes() - before) / waiting),
    pendingMb: Math.round(pending / MB),
    records: safe,
    perSecond: Math.round(safe / elapsed),
    cpuMicrosPerRecord: safe === 0 ? 0 : Number(((user + system) / safe).toFixed(1)),
    cpuShare: Number(((user + system) / 1e6 / elapsed).toFixed(2)),
    fetches: topic.fetches,
    live: dueMs.length,
    delayP50: Math.round(delaysMs[Math.floor(delaysMs.length / 2)] ?? -1),
    delayMax: Math.round(delaysMs[delaysMs.length - 1] ?? -1),
    missing: dueMs.length - delaysMs.length,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

main().catch((error) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
});
