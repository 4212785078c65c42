/**
 * `npm run bench:memory -- [part of a scenario's name] [--seconds N]`: the processor's peak resident memory, and how long
 * events of one partition wait for what another one holds. No broker and no store: kafkajs's own encoders and decoders.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { NEIGHBOURS, SCENARIOS } from './scenarios';

/** For encoding what is on the topic, on a busy machine; who takes longer is stuck. */
const GRACE_SECONDS = 90;

/** The default, and the most that the configuration takes; events in one request. */
const QUEUES: readonly (readonly [number, number])[] = [
  [10_000, 1],
  [10_000, 500],
  [50_000, 1],
  [50_000, 500],
];

interface Result {
  readonly peakMb: number;
  readonly pendingMb: number;
  /** In use at the end for each record that waits then. */
  readonly bytesPerWaiting: number;
  readonly perSecond: number;
  readonly cpuMicrosPerRecord: number;
  readonly delayP50: number;
  readonly delayMax: number;
  readonly missing: number;
}

/** What the image of a service runs Node.js with. */
function productFlags(service: string): string[] {
  const dockerfile = readFileSync(join(__dirname, '../../../services', service, 'Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile);
  if (entrypoint === null) throw new Error(`the Dockerfile of ${service} has no ENTRYPOINT in JSON`);
  return (JSON.parse(entrypoint[1]) as string[]).filter((word) => word.startsWith('--'));
}

/** The line of JSON that a worker prints, or how it ended. */
function run<T>(service: string, worker: string, words: readonly string[], seconds: number): T | string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...productFlags(service), worker, ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: (seconds + GRACE_SECONDS) * 1_000,
  });
  if (status === 0) return JSON.parse(stdout || 'null') as T;
  return `ended with ${status ?? signal}: ${stderr.split('\n').find((line) => /error/i.test(line)) ?? ''}`;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '20' } },
  });
  const seconds = Number(values.seconds);
  const folder = mkdtempSync(join(tmpdir(), 'metals-memory-'));
  const [worker, queue] = ['worker', 'queue'].map((name) => {
    const outfile = join(folder, `${name}.js`);
    buildSync({
      entryPoints: [join(__dirname, `${name}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
    });
    return outfile;
  });
  const file = join(folder, 'batches');
  const measure = (name: string, mode: 'backlog' | 'live'): Result | string => {
    const { status, stderr } = spawnSync(process.execPath, [worker, name, 'encode', file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} cannot be encoded: ${stderr}`);
    return run<Result>('processor', worker, [name, mode, file, values.seconds], seconds);
  };
  const isChosen = (name: string): boolean =>
    positionals.length === 0 || positionals.some((part) => name.includes(part));
  const tell = (...cells: (string | number)[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`);
  tell(
    'processor: a backlog on six partitions',
    'peak resident MB',
    'counted MB',
    'bytes/waiting record',
    'records/s',
    'CPU µs/record',
  );
  for (const name of Object.keys(SCENARIOS).filter(isChosen)) {
    const result = measure(name, 'backlog');
    if (typeof result === 'string') tell(name, result);
    else
      tell(name, result.peakMb, result.pendingMb, result.bytesPerWaiting, result.perSecond, result.cpuMicrosPerRecord);
  }
  tell('processor: on one partition, beside live events on another', 'delay ms, median', 'longest', 'not stored');
  for (const name of NEIGHBOURS.filter(isChosen)) {
    const result = measure(name, 'live');
    if (typeof result === 'string') tell(name, result);
    else tell(name, result.delayP50, result.delayMax, result.missing);
  }
  tell('producer: a full queue, Kafka does not answer', 'peak resident MB');
  for (const [limit, size] of QUEUES.filter(([limit]) => isChosen(`queue of ${limit}`))) {
    const result = run<Pick<Result, 'peakMb'>>('producer', queue, [String(limit), String(size)], seconds);
    tell(`queue of ${limit} events, ${size} a request`, typeof result === 'string' ? result : result.peakMb);
  }
  rmSync(folder, { recursive: true });
}

main();
