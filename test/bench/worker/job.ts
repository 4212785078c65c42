import { readFileSync } from 'node:fs';

/** What one run of the worker is to do; the verb says which fields it needs. */
export interface Job {
  readonly verb: 'prefill' | 'insert-loop' | 'bare-consumer' | 'load';
  /** Events in all (prefill, insert-loop, bare-consumer). */
  readonly events?: number;
  /** Of one record on the topic; JSON is padded with blanks to it. @default as the product writes it */
  readonly recordBytes?: number;
  /** Partitions that are filled. @default 6 */
  readonly partitions?: number;
  /** Documents in one insertMany, or events in one request. */
  readonly batch?: number;
  readonly urls?: readonly string[];
  /** Open loop: requests are due at this rate whether or not earlier ones were answered. Undefined: closed loop. */
  readonly eventsPerSecond?: number;
  /** Requests under way at once, in closed loop; the most there may be, in open loop. */
  readonly concurrency?: number;
  readonly seconds?: number;
  readonly warmUpSeconds?: number;
}

export const readJob = (): Job => JSON.parse(readFileSync('/etc/metals/job.json', 'utf8')) as Job;
export const readSecret = (name: string): string => readFileSync(`/run/secrets/${name}`, 'utf8').trim();

/** The result of a job is the last line on stdout. */
export const writeResult = (result: object): void => void process.stdout.write(`${JSON.stringify(result)}\n`);

export const TOPIC = 'metals-prices';
/** Metal and partition as in the product's configuration of the producer. */
export const METALS = ['gold', 'silver', 'platinum', 'palladium', 'copper', 'aluminium'] as const;
