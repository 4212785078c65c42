import { createKafka } from '../../../services/common/kafka';
import { createLogger } from '../../../services/common/log';
import { createMongoClient } from '../../../services/common/mongo';
import { readSecret } from './job';

/** The product's own clients, as admin, so that a limit is that of the same client with the same settings. */
export const kafka = () =>
  createKafka({
    clientId: 'metals-bench',
    connection: {
      brokers: ['kafka:9092'],
      username: 'admin',
      connection_timeout_ms: 3_000,
      request_timeout_ms: 30_000,
    },
    password: readSecret('kafka-password-admin'),
    logger: createLogger('bench', 'development', 'silent'),
  });

export const mongo = () =>
  createMongoClient(
    { host: 'mongodb:27017', username: 'processor', database: 'metals', collection: 'prices', timeout_ms: 30_000 },
    readSecret('mongodb-password-processor'),
  );
