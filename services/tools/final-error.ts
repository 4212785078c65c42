/** What no repetition mends: somebody has to correct a setting, a secret or a right. */
import { isKafkaError } from '../common/kafka-error';
import { explainTls } from '../common/tls-error';

export class FinalError extends Error {
  override readonly name = 'FinalError';
}

/** A certificate, a host name or what an external engine refuses; an engine that is away may come back. */
export const isFinal = (error: unknown): boolean => error instanceof FinalError || explainTls(error) !== undefined;

const DENIED: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
]);

export const isDenied = (error: unknown): boolean => isKafkaError(error, DENIED);
