/**
 * The naive contender, for measurements alone: one awaited round trip for each event, as the libraries' own first
 * examples have it. `node naive.js produce|consume`.
 */
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient, MongoServerError } from 'mongodb';
import { makeEvent } from '../worker/events';

export interface NaiveConfig {
  readonly topic: string;
  readonly groupId: string;
  /** How many are sent, or stored, before it ends. */
  readonly events: number;
}

export interface NaiveResult {
  readonly events: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** User and system, from the first event to the last. */
  readonly cpuMicrosPerEvent: number;
}

/** Before the result: kafkajs writes lines of JSON too. */
const RESULT_MARK = 'result ';
const CONFIG_FILE = '/etc/metals/naive.json';
const DUPLICATE_KEY = 11_000;
const secret = (name: string): string => readFileSync(`/run/secrets/${name}`, 'utf8').trim();

const kafka = (): Kafka =>
  new Kafka({
    clientId: 'naive',
    brokers: ['kafka:9092'],
    sasl: { mechanism: 'scram-sha-512', username: 'admin', password: secret('kafka-password-admin') },
    logLevel: logLevel.ERROR,
  });

function stopwatch(): (events: number) => NaiveResult {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  return (events) => {
    const seconds = (performance.now() - startMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    return { events, seconds, perSecond: events / seconds, cpuMicrosPerEvent: (user + system) / events };
  };
}

async function produce({ topic, events }: NaiveConfig): Promise<NaiveResult> {
  const producer = kafka().producer();
  await producer.connect();
  const result = stopwatch();
  for (let index = 0; index < events; index += 1) {
    const event = makeEvent(index);
    await producer.send({ topic, messages: [{ key: event.event_id, value: JSON.stringify(event) }] });
  }
  const measured = result(events);
  await producer.disconnect();
  return measured;
}

async function consume({ topic, groupId, events }: NaiveConfig): Promise<NaiveResult> {
  // Address and durability as in the product.
  const mongo = new MongoClient('mongodb://mongodb:27017/?directConnection=true&w=majority&journal=true', {
    auth: { username: 'processor', password: secret('mongodb-password-processor') },
    authSource: 'admin',
    authMechanism: 'SCRAM-SHA-256',
    retryWrites: false,
  });
  const prices = mongo.db('metals').collection<{ _id: string }>('prices');
  const consumer = kafka().consumer({ groupId });
  await Promise.all([mongo.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let result: ReturnType<typeof stopwatch> | undefined;
  let stored = 0;
  let finish: (measured: NaiveResult) => void;
  const finished = new Promise<NaiveResult>((resolve) => (finish = resolve));
  await consumer.run({
    eachMessage: async ({ message }) => {
      result ??= stopwatch();
      const { event_id: _id, ...event } = JSON.parse(message.value!.toString()) as { event_id: string };
      try {
        await prices.insertOne({ _id, ...event });
      } catch (error) {
        if (!(error instanceof MongoServerError && error.code === DUPLICATE_KEY)) throw error;
      }
      stored += 1;
      if (stored === events) finish(result(events));
    },
  });
  const measured = await finished;
  await consumer.disconnect();
  await mongo.close();
  return measured;
}

async function main(): Promise<void> {
  const [, , verb] = process.argv;
  if (verb !== 'produce' && verb !== 'consume') throw new Error(`usage: node naive.js produce|consume; got ${verb}`);
  process.stdout.write(`NAIVE CONTENDER (${verb}): for measurements alone, no part of the product\n`);
  const config = JSON.parse(readFileSync(CONFIG_FILE, 'utf8')) as NaiveConfig;
  const result = verb === 'produce' ? await produce(config) : await consume(config);
  process.stdout.write(`${RESULT_MARK}${JSON.stringify(result)}\n`);
}

main().catch((error) => {
  process.stderr.write(`naive: ${(error as Error).stack}\n`);
  process.exit(1);
});
