import {
  MongoBulkWriteError,
  MongoClient,
  MongoNetworkTimeoutError,
  MongoTopologyClosedError,
  type Collection,
  type Db,
  type Document,
  type MongoClientOptions,
} from 'mongodb';
import { z } from 'zod';
import { externalSchema } from './external';

export const mongoConnectionSchema = z.strictObject({
  /** Where it is and whom to log in as, of the one in this stack; mongo-uri.ts asks for them there. */
  host: z
    .string()
    .regex(/^[^\s:/]+:\d+$/, 'must be host:port')
    .optional(),
  username: z.string().min(1).optional(),
  /** Somebody else's: TLS, and all of its URI is in the secret mongodb-uri. @default the one of this stack */
  external: externalSchema.optional(),
  database: z.string().min(1).default('metals'),
  collection: z.string().min(1).default('prices'),
  /** Bounds how long one operation waits for a connection and for an answer. */
  timeout_ms: z.int().min(500).max(60_000).default(5_000),
});
export type MongoConnection = z.infer<typeof mongoConnectionSchema>;

/** How long an answer may take, in times of `timeout_ms`. */
const SOCKET_TIMEOUTS = 4;
/** How long a whole operation may take: a server is chosen, a connection is had and made, an answer comes; and one more. */
const OPERATION_TIMEOUTS = SOCKET_TIMEOUTS + 4;
export const operationTimeoutMs = ({ timeout_ms }: Pick<MongoConnection, 'timeout_ms'>): number =>
  timeout_ms * OPERATION_TIMEOUTS;

/**
 * An operation of the driver has neither ended nor failed in its time. Most of its parts are bounded, but not all: of 7.9.0,
 * `Connection.writeCommand` waits for the event `drain` of a socket that is destroyed already and brings none.
 */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Rejects with NoAnswerError; the work itself goes on, and what becomes of it is not looked at any more. */
export function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswerError(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Every write is acknowledged from the journal of a majority, and what is read is what the primary has, whatever a URI says:
 * the promise rests on both. Our own retries replace the driver's.
 *
 * @param secret the user's password; of an external one the URI, with user and password
 */
export function createMongoClient(
  connection: MongoConnection,
  secret: string,
  extra: MongoClientOptions = {},
): MongoClient {
  const options: MongoClientOptions = {
    writeConcern: { w: 'majority', journal: true },
    retryWrites: false,
    retryReads: false,
    serverSelectionTimeoutMS: connection.timeout_ms,
    connectTimeoutMS: connection.timeout_ms,
    // By default an operation waits for a connection of the pool for ever.
    waitQueueTimeoutMS: connection.timeout_ms * 2,
    // A server at its limit answers late; giving up early leaves it with the work and sends the same again.
    socketTimeoutMS: connection.timeout_ms * SOCKET_TIMEOUTS,
    ...extra,
  };
  if (connection.external) {
    const { ca_file: tlsCAFile } = connection.external;
    return new MongoClient(secret, {
      ...{ readPreference: 'primary', tls: true },
      ...(tlsCAFile === undefined ? {} : { tlsCAFile }),
      ...options,
    });
  }
  return new MongoClient(`mongodb://${connection.host}/`, {
    // Users live in `admin`.
    auth: { username: connection.username, password: secret },
    authSource: 'admin',
    authMechanism: 'SCRAM-SHA-256',
    // One server, addressed by name: never follow the address that it gives itself.
    directConnection: true,
    ...options,
  });
}

/**
 * A client that can be replaced. When its first connection fails (a password that is not in force yet is enough), the
 * driver closes a client for good, and whatever is asked of it later fails with "Topology is closed".
 */
export class MongoHandle<T extends Document> {
  private client: MongoClient;
  private createdAtMs = 0;

  constructor(
    private readonly connection: Pick<MongoConnection, 'database' | 'collection' | 'timeout_ms'>,
    private readonly create: () => MongoClient,
    private readonly now: () => number = Date.now,
  ) {
    this.client = this.renew();
  }

  readonly collection = (): Collection<T> => this.database().collection<T>(this.connection.collection);

  private database(): Db {
    return this.client.db(this.connection.database);
  }

  /**
   * After an answer that never came, a new client: the other connections of the pool were cut by the same event, the
   * driver keeps them for later, and each would cost a time-out of its own.
   */
  replaceAfter(error: Error): void {
    // Of two operations that waited for an answer, the second meets the client that the first has just had made.
    const isOfEarlierClient = this.now() - this.createdAtMs < this.connection.timeout_ms;
    if (!hasNoAnswer(error) || isOfEarlierClient) return;
    const used = this.client;
    this.client = this.renew();
    // A server that is only slow may still answer the others of its operations: they end by themselves until then.
    const close = (): void => void used.close(true).catch(() => undefined);
    setTimeout(close, this.connection.timeout_ms * SOCKET_TIMEOUTS).unref();
  }

  /** Runs one operation; if the client turns out to be closed, a second time with a new one, which tells the true reason. */
  async use<R>(operation: (collection: Collection<T>, database: Db) => Promise<R>): Promise<R> {
    const used = this.client;
    try {
      return await operation(this.collection(), this.database());
    } catch (error) {
      if (!(error instanceof MongoTopologyClosedError)) throw error;
      if (used === this.client) {
        this.client = this.renew();
        await used.close();
      }
      return operation(this.collection(), this.database());
    }
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private renew(): MongoClient {
    this.createdAtMs = this.now();
    return this.create();
  }
}

/** Of a pool whose connections are all waited for, the driver exports no class of its error. */
const hasNoAnswer = (error: Error): boolean =>
  error instanceof NoAnswerError ||
  error.name === 'MongoWaitQueueTimeoutError' ||
  causeOf(error) instanceof MongoNetworkTimeoutError;

/** `insertMany` wraps whatever goes wrong on its way, a time-out too, into an error of its own kind. */
const causeOf = (error: Error): unknown => (error instanceof MongoBulkWriteError ? error.errorResponse : error);
