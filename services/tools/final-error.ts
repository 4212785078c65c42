/** What no repetition mends: somebody has to correct a setting, a secret or a right. */
import { isKafkaError } from '../common/kafka-error';
import { explainTls, hungUp } from '../common/tls-error';

export class FinalError extends Error {
  override readonly name = 'FinalError';
}

/** A setting or a right that is wrong, most likely, and perhaps an engine that is just starting. */
export class SuspectError extends Error {
  override readonly name = 'SuspectError';
}

/** How long what may pass is waited for. */
const SUSPICION_MS = 20_000;

const isSuspect = (error: unknown): boolean => error instanceof SuspectError || hungUp(error);

/** A certificate, a host name or what an external engine refuses; an engine that is away may come back. */
const isCertain = (error: unknown): boolean =>
  error instanceof FinalError || (!isSuspect(error) && explainTls(error) !== undefined);

/** Says of one error after the other whether it is final: what is certain, and a suspicion that lasts. */
export function createIsFinal(now: () => number = Date.now): (error: unknown) => boolean {
  let sinceMs: number | undefined;
  return (error) => {
    sinceMs = isSuspect(error) ? (sinceMs ?? now()) : undefined;
    return isCertain(error) || (sinceMs !== undefined && now() - sinceMs >= SUSPICION_MS);
  };
}

const DENIED: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
]);

export const isDenied = (error: unknown): boolean => isKafkaError(error, DENIED);
