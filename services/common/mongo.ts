import {
  MongoClient,
  MongoTopologyClosedError,
  type Collection,
  type Document,
  type MongoClientOptions,
} from 'mongodb';
import { z } from 'zod';

export const mongoConnectionSchema = z.strictObject({
  host: z.string().regex(/^[^\s:/]+:\d+$/, 'must be host:port'),
  username: z.string().min(1),
  database: z.string().min(1).default('metals'),
  collection: z.string().min(1).default('prices'),
  /** Bounds how long one operation waits for a connection and for an answer. */
  timeout_ms: z.int().min(500).max(60_000).default(5_000),
});
export type MongoConnection = z.infer<typeof mongoConnectionSchema>;

/** Users live in `admin`, and every write is acknowledged from the journal. Our own retries replace the driver's. */
export function createMongoClient(
  connection: MongoConnection,
  password: string,
  extra: MongoClientOptions = {},
): MongoClient {
  return new MongoClient(`mongodb://${connection.host}/`, {
    auth: { username: connection.username, password },
    authSource: 'admin',
    authMechanism: 'SCRAM-SHA-256',
    // One server, addressed by name: never follow the address that it gives itself.
    directConnection: true,
    writeConcern: { w: 'majority', journal: true },
    retryWrites: false,
    retryReads: false,
    serverSelectionTimeoutMS: connection.timeout_ms,
    connectTimeoutMS: connection.timeout_ms,
    // A server at its limit answers late; giving up early leaves it with the work and sends the same again.
    socketTimeoutMS: connection.timeout_ms * 4,
    ...extra,
  });
}

/**
 * A client that can be replaced. When its first connection fails (a password that is not in force yet is enough), the
 * driver closes a client for good, and whatever is asked of it later fails with "Topology is closed".
 */
export class MongoHandle<T extends Document> {
  private client: MongoClient;

  constructor(
    private readonly connection: Pick<MongoConnection, 'database' | 'collection'>,
    private readonly create: () => MongoClient,
  ) {
    this.client = create();
  }

  readonly collection = (): Collection<T> =>
    this.client.db(this.connection.database).collection<T>(this.connection.collection);

  /** Runs one operation; if the client turns out to be closed, the next one gets a new client. */
  async use<R>(operation: (collection: Collection<T>) => Promise<R>): Promise<R> {
    const used = this.client;
    try {
      return await operation(this.collection());
    } catch (error) {
      if (error instanceof MongoTopologyClosedError && used === this.client) {
        this.client = this.create();
        await used.close();
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
