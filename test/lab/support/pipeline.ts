/** The pipeline as its clients see it: HTTP on the published ports, and the prices in MongoDB. */
import { request } from 'node:http';
import { MongoClient, type Collection, type Filter } from 'mongodb';
import { MONGODB, PROCESSOR_PORT, PRODUCER_PORT } from '../../../lib/contract';
import { onlyTask } from './nodes';
import { eventually } from './run';
import { openTunnel } from './tunnel';
import { login, type Login } from './users';

/** `npm run lab -- --producer-port` may have chosen other ports; .lab/env knows. */
export const PRODUCER_URL = process.env.METALS_PRODUCER_URL ?? `http://127.0.0.1:${PRODUCER_PORT}`;
export const PROCESSOR_URL = process.env.METALS_PROCESSOR_URL ?? `http://127.0.0.1:${PROCESSOR_PORT}`;
const MONGODB_PORT = 27017;

export interface Answer {
  readonly status: number;
  readonly body: any;
}

/** One request over a connection of its own, so that the edge chooses a replica each time. */
export function http(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = request(
      url,
      {
        method,
        agent: false,
        timeout: 15_000,
        headers: { ...(text && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, body: parse(answer) }));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url}: no answer in 15 s`)));
    sent.on('error', reject);
    sent.end(text);
  });
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Metrics, and the edge's own pages, are plain text.
    return text;
  }
};

export const produce = (event: object, key: string): Promise<Answer> =>
  http('POST', `${PRODUCER_URL}/produce`, event, { 'x-api-key': key });

export interface StoredPrice {
  readonly _id: string;
  readonly metal: string;
  readonly price: number;
  readonly source: string;
  readonly timestamp: Date;
  readonly ingested_at: Date;
  readonly kafka: { readonly topic: string; readonly partition: number; readonly offset: number };
}

export interface Prices {
  readonly collection: Collection<StoredPrice>;
  close(): Promise<void>;
}

/** Makes a client of wherever prices are. */
export type Connect = () => Promise<Prices>;

/** A client of the one MongoDB task; without a login it is anonymous. */
export async function connectMongo(login?: Login): Promise<Prices> {
  const tunnel = await openTunnel(await onlyTask('mongodb'), MONGODB_PORT);
  const client = new MongoClient(`mongodb://127.0.0.1:${tunnel.port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 10_000,
    ...(login && { auth: login, authSource: 'admin' }),
  });
  return {
    collection: client.db(MONGODB.database).collection<StoredPrice>(MONGODB.collection),
    close: async () => {
      await client.close();
      await tunnel.close();
    },
  };
}

export const connectPrices = async (): Promise<Prices> => connectMongo(await login('mongodb-password', 'processor'));

/** Ids of the prices that fit. */
export async function idsIn(connect: Connect, filter: Filter<StoredPrice> = {}): Promise<string[]> {
  const prices = await connect();
  try {
    const found = await prices.collection.find(filter, { projection: { _id: 1 } }).toArray();
    return found.map(({ _id }) => _id);
  } finally {
    await prices.close();
  }
}

/** How many are looked for at once. */
const IDS_AT_ONCE = 5_000;

/** Exactly these events of a source are in MongoDB, each once. */
export async function mustBeStored(source: string, sent: readonly string[], connect = connectPrices): Promise<void> {
  const prices = await connect();
  try {
    // By ids, which are an index; the stand-in finds a source by reading everything.
    let missing = sent;
    await eventually(`${sent.length} events in MongoDB`, 180, async () => {
      const _id = { $in: missing.slice(0, IDS_AT_ONCE) };
      const found = await prices.collection.find({ _id }, { projection: { _id: 1 } }).toArray();
      const stored = new Set(found.map((price) => price._id));
      missing = missing.filter((id) => !stored.has(id));
      return missing.length === 0 ? undefined : `${sent.length - missing.length} of ${sent.length}`;
    });
  } finally {
    await prices.close();
  }
  expect((await idsIn(connect, { source })).sort()).toEqual([...sent].sort());
}
