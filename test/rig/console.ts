/**
 * Reads topics with Kafka's own console consumer: what it shows owes nothing to the client that the product uses. Aborted
 * transactions are left out, as they are for the product.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Rig } from './rig';

export interface ConsoleRecord {
  readonly partition: number;
  readonly offset: number;
  /** Of a topic that stamps records when it appends them; of another one, the time that the record was sent with. */
  readonly timeMs: number;
  readonly key: string | null;
  /** As UTF-8; bytes that are none become U+FFFD. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Separators {
  readonly line: string;
  readonly field: string;
  readonly header: string;
  readonly none: string;
}

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const JVM = [
  ...['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.apache.logging.log4j.level=OFF'],
  ...['-Dlog4j2.statusLoggerLevel=OFF', '-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8'],
];
/** It ends before when it has read what was asked for: only records that are left out make it wait so long. */
const SILENCE_MS = 20_000;

/** At most `count` records of a topic, from its beginning; fewer where offsets hold none that may be read. */
export async function readConsole(rig: Rig, topic: string, count: number): Promise<ConsoleRecord[]> {
  if (count === 0) return [];
  const token = randomBytes(8).toString('hex');
  const separators = { line: `<l${token}>`, field: `<f${token}>`, header: `<h${token}>`, none: `<n${token}>` };
  const shown = ['timestamp', 'partition', 'offset', 'headers', 'key'].map((name) => `print.${name}=true`);
  const formatter = [
    ...shown,
    `line.separator=${separators.line}`,
    `key.separator=${separators.field}`,
    `headers.separator=${separators.header}`,
    `null.literal=${separators.none}`,
  ];
  const args = rig.kafkaTool(JVM, CONSUMER, [
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--max-messages', String(count), '--timeout-ms', String(SILENCE_MS)],
    ...formatter.flatMap((property) => ['--formatter-property', property]),
  ]);
  return parseConsole(await runForOutput(args), separators);
}

function runForOutput(args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      // It ends with 1 after a silence, too; whether all was read is for the caller to count.
      if (code === 0 || /Processed a total of \d+ messages/.test(errors)) resolve(Buffer.concat(output));
      else reject(new Error(`the console consumer ended with ${code}: ${errors.trim().slice(-500)}`));
    });
  });
}

/** Pure: `LogAppendTime:5<f>Partition:0<f>Offset:1<f>name:value<h>…<f>key<f>value<l>`, or CreateTime, or NO_HEADERS. */
export function parseConsole(output: Buffer, separators: Separators): ConsoleRecord[] {
  const lines = output.toString('utf8').split(separators.line);
  const rest = lines.pop();
  if (rest !== '') throw new Error(`the console consumer ended amid a record: ${rest?.slice(0, 200)}`);
  return lines.map((line) => {
    const fields = line.split(separators.field);
    if (fields.length !== 6)
      throw new Error(`expected 6 fields of a record, got ${fields.length}: ${line.slice(0, 200)}`);
    const [time, partition, offset, headers, key, value] = fields;
    const orNull = (text: string): string | null => (text === separators.none ? null : text);
    return {
      partition: numberAfter('Partition:', partition),
      offset: numberAfter('Offset:', offset),
      timeMs: numberAfter(time.startsWith('CreateTime:') ? 'CreateTime:' : 'LogAppendTime:', time),
      headers: parseHeaders(headers, separators.header),
      key: orNull(key),
      value: orNull(value),
    };
  });
}

function numberAfter(prefix: string, text: string): number {
  const digits = text.startsWith(prefix) ? text.slice(prefix.length) : '';
  if (!/^\d+$/.test(digits)) throw new Error(`expected ${prefix}NUMBER, got ${JSON.stringify(text.slice(0, 60))}`);
  return Number(digits);
}

function parseHeaders(text: string, separator: string): Record<string, string> {
  if (text === 'NO_HEADERS') return {};
  return Object.fromEntries(
    text.split(separator).map((header) => {
      const colon = header.indexOf(':');
      return [header.slice(0, colon), header.slice(colon + 1)];
    }),
  );
}
