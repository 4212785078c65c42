import type { Kafka } from 'kafkajs';
import type { Collection } from 'mongodb';
import { contentHash, explainErrors, validateEvent } from '../common/event';
import type { Engines } from '../common/external';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaSecret } from '../common/kafka-login';
import type { Logger } from '../common/log';
import { createMongoClient, MongoHandle } from '../common/mongo';
import { mongoPlace, mongoSecret } from '../common/mongo-uri';
import { UuidV7Generator } from '../common/uuid';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { getHealth, postEvent, type SentEvent } from './smoke-http';
import { runSteps, type Step, type StepResult } from './steps';
import type { Users } from './users';

/** The credentials that the services use: what they cannot do, the test cannot either. */
export const smokeSecrets = (engines: Engines): string[] => [
  `${kafkaSecret(engines)}-processor`,
  `${mongoSecret(engines)}-processor`,
  'api-key',
];
const SOURCE = 'smoke-test';

interface StoredPrice {
  readonly _id: string;
  readonly metal?: string;
  readonly price?: number;
  readonly currency?: string;
  readonly unit?: string;
  readonly source?: string;
  readonly schema_version?: number;
  readonly timestamp?: Date;
  readonly content_hash?: string;
  readonly ingested_at?: Date;
  readonly kafka?: { readonly topic: string; readonly partition: number; readonly offset: number };
}

/** Steps 1 to 6 of the smoke test; resolves with whether all passed. */
export async function smoke(
  config: ToolsConfig,
  secrets: Readonly<Record<string, string>>,
  users: Pick<Users, 'kafkaProcessor' | 'mongodbProcessor'>,
  logger: Logger,
  tell: (result: StepResult) => void,
): Promise<boolean> {
  const [kafkaFile, mongoFile] = smokeSecrets(config);
  const { username, password } = kafkaLogin(config.kafka, secrets[kafkaFile], users.kafkaProcessor);
  const connection = { ...config.kafka, username };
  const kafka = createKafka({ clientId: 'metals-smoke', connection, password, logger });
  const mongo = new MongoHandle<StoredPrice>(config.mongodb, () =>
    createMongoClient({ ...config.mongodb, username: users.mongodbProcessor }, secrets[mongoFile]),
  );
  const place = mongoPlace(config.mongodb, secrets[mongoFile]);
  const deadlineMs = config.smoke.step_deadline_seconds * 1_000;
  const poll = <T>(what: string, action: () => Promise<T>): Promise<T> => waitFor({ what, deadlineMs, action });
  const ids = new UuidV7Generator();
  let eventId: string | undefined;
  let sent: SentEvent | undefined;
  const steps: Step[] = [
    { name: 'Kafka accepts connections', run: () => poll('connecting', () => askKafka(kafka, config)) },
    {
      name: 'MongoDB accepts connections',
      run: () => poll('connecting', () => mongo.use((prices) => askMongo(prices, config, place))),
    },
    { name: 'producer healthy', run: () => poll('health', () => getHealth(config.smoke.producer_url)) },
    { name: 'processor healthy', run: () => poll('health', () => getHealth(config.smoke.processor_url)) },
    {
      name: 'test message sent',
      run: async () => {
        const { metal, price, producer_url: url } = config.smoke;
        // An id of our own makes a repetition after an unknown outcome safe.
        eventId ??= ids.next();
        const event = { event_id: eventId, metal, price, source: SOURCE };
        sent = await poll('sending', () => postEvent(url, secrets['api-key'], event));
        return `event ${sent.event_id} (${metal} ${price})`;
      },
    },
    {
      name: 'test message found in MongoDB',
      run: () =>
        poll('finding the event', async () =>
          describeStored(await mongo.use((prices) => findStored(prices, sent)), sent, config),
        ),
    },
  ];
  try {
    return await runSteps(steps, tell);
  } finally {
    await mongo.close();
  }
}

async function askKafka(kafka: Kafka, config: ToolsConfig): Promise<string> {
  const admin = kafka.admin({ retry: { retries: 0 } });
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [config.prices.name] });
    const partitions = topics[0]?.partitions.length ?? 0;
    if (partitions !== config.prices.partitions) {
      throw new Error(`topic ${config.prices.name} has ${partitions} partitions, expected ${config.prices.partitions}`);
    }
    return `${config.kafka.brokers.join(', ')}, topic ${config.prices.name} with ${partitions} partitions`;
  } finally {
    await admin.disconnect();
  }
}

async function askMongo(prices: Collection<StoredPrice>, config: ToolsConfig, place: string): Promise<string> {
  const count = await prices.estimatedDocumentCount();
  return `${place}, ${count} documents in ${config.mongodb.database}.${config.mongodb.collection}`;
}

/** By id first, which is cheap to repeat; then by what the test chose itself: an event stored twice, under two ids, shows. */
async function findStored(prices: Collection<StoredPrice>, sent: SentEvent | undefined): Promise<StoredPrice[]> {
  if (sent === undefined) throw new Error('no event was sent');
  const byId = await prices.find({ _id: sent.event_id }).toArray();
  if (byId.length !== 1) return byId;
  return prices.find({ timestamp: new Date(sent.timestamp), source: SOURCE }, { limit: 5 }).toArray();
}

/** Exactly one document with the fields that were sent, or an error that says what is there. */
export function describeStored(
  found: readonly StoredPrice[],
  sent: SentEvent | undefined,
  config: Pick<ToolsConfig, 'smoke' | 'prices'>,
): string {
  if (found.length !== 1) throw new Error(`expected 1 document for event ${sent?.event_id}, found ${found.length}`);
  const [document] = found;
  const { metal, price } = config.smoke;
  const expected = { _id: sent?.event_id, metal, price, source: SOURCE, timestamp: sent?.timestamp };
  const actual = {
    _id: document._id,
    metal: document.metal,
    price: document.price,
    source: document.source,
    timestamp: document.timestamp?.toISOString(),
  };
  const wrong = (Object.keys(expected) as (keyof typeof expected)[]).filter((name) => actual[name] !== expected[name]);
  if (wrong.length > 0) {
    const list = wrong.map((name) => `${name} is ${String(actual[name])}, expected ${String(expected[name])}`);
    throw new Error(`event ${document._id} is stored with other fields: ${list.join('; ')}`);
  }
  if (document.kafka?.topic !== config.prices.name || document.ingested_at === undefined) {
    throw new Error(`event ${document._id} is stored without its coordinates or its ingestion time`);
  }
  checkEvent(document);
  const tookMs = document.ingested_at.getTime() - (document.timestamp?.getTime() ?? 0);
  return `once, from partition ${document.kafka.partition} offset ${document.kafka.offset}, read ${tookMs} ms after it was made`;
}

/** The document, taken back to the event that it was made of, is one by the schema, and the one whose hash it carries. */
function checkEvent(document: StoredPrice): void {
  const { _id, metal, price, currency, unit, timestamp, source, schema_version } = document;
  const event = {
    event_id: _id,
    metal,
    price,
    currency,
    unit,
    timestamp: timestamp?.toISOString(),
    source,
    schema_version,
  };
  if (!validateEvent(event)) {
    throw new Error(`event ${_id} is stored as no event: ${explainErrors(validateEvent.errors).join('; ')}`);
  }
  const hash = contentHash(event);
  if (hash !== document.content_hash) {
    throw new Error(`event ${_id} is stored with content_hash ${document.content_hash}, its content has ${hash}`);
  }
}
