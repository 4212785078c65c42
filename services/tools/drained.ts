/** Whether a Kafka that is being left still holds prices that the processor has not stored. */
import type { Admin, Kafka } from 'kafkajs';
import { isKafkaError } from '../common/kafka-error';
import { errorText } from '../common/log';
import { backlog, inWords, recordsIn, type Backlog, type Ends } from './backlog';
import { clusterId } from './cluster-id';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { FinalError, isDenied, createIsFinal } from './final-error';

const DRAINED_MS = 200_000;
/** A broker that has just started does not know its topics for a moment: one that is gone stays so for that long. */
const ABSENT_MS = 10_000;

const NO_TOPIC: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);
const GROUP_DENIED: ReadonlySet<string> = new Set(['GROUP_AUTHORIZATION_FAILED']);

export type DrainedAnswer = { readonly drained: boolean; readonly cluster?: string; readonly reason?: string } & (
  { readonly same: true } | (Partial<Backlog> & { readonly dead_letters?: number })
);

export interface DrainedRequest {
  readonly kafka: Kafka;
  readonly username: string;
  /** How the secret with its password is called, for a message. */
  readonly secret: string;
  readonly config: Pick<ToolsConfig, 'prices' | 'dead_letters' | 'consumer_group'>;
  /** The cluster that is moved to: one that is not left holds nothing that is left behind. */
  readonly next?: string;
  /** @default those of above; tests are short of time */
  readonly deadlineMs?: number;
  readonly absentMs?: number;
}

/** Still something to wait for. */
class BehindError extends Error {
  constructor(
    message: string,
    readonly answer: DrainedAnswer,
  ) {
    super(message);
  }
}

/** Waits until the group has committed all that the topic of prices holds, to which nothing writes any more. */
export async function drained(request: DrainedRequest): Promise<DrainedAnswer> {
  const { deadlineMs = DRAINED_MS } = request;
  const admin = request.kafka.admin({ retry: { retries: 2 } });
  let absentSinceMs: number | undefined;
  /** Resolves with an answer that is final; whatever it rejects with is waited for. */
  const look = async (): Promise<DrainedAnswer> => {
    await orTell(() => admin.connect(), request);
    const id = await clusterId(admin);
    const cluster = id === undefined ? {} : { cluster: id };
    if (id !== undefined && id === request.next) return { drained: true, same: true, ...cluster };
    const found = await orTell(() => lookAt(admin, request.config), request);
    const { records, partitions, behind } = found ?? { records: 0, partitions: 0, behind: [] };
    const deadLetters = await orTell(() => endsOf(admin, request.config.dead_letters.name), request);
    const seen = { records, partitions, ...cluster, dead_letters: recordsIn(deadLetters ?? []) };
    absentSinceMs = found === undefined ? (absentSinceMs ?? Date.now()) : undefined;
    if (records > 0)
      throw new BehindError(
        `the group ${request.config.consumer_group} has not committed ${inWords(records)} records of ` +
          `${request.config.prices.name}: see what the processor's /health says of it`,
        { drained: false, behind, ...seen },
      );
    if (absentSinceMs !== undefined && Date.now() - absentSinceMs < (request.absentMs ?? ABSENT_MS))
      throw new BehindError(`topic ${request.config.prices.name} is not shown yet`, { drained: false, ...seen });
    return { drained: true, ...seen };
  };
  try {
    return await waitFor({ what: 'waiting for an empty topic', deadlineMs, action: look, isFinal: createIsFinal() });
  } catch (error) {
    const { cause } = error as Error;
    return { drained: false, ...(cause instanceof BehindError && cause.answer), reason: errorText(error) };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** In this order: the end only grows, so what equals one that is asked for later was the end all along. Undefined: no topic. */
async function lookAt(
  admin: Admin,
  { prices, consumer_group: group }: DrainedRequest['config'],
): Promise<Backlog | undefined> {
  const found = await orNothing(() => admin.fetchOffsets({ groupId: group, topics: [prices.name] }));
  const ends = found && (await endsOf(admin, prices.name));
  return ends && backlog(ends, found[0]?.partitions ?? []);
}

const endsOf = (admin: Admin, topic: string): Promise<Ends[] | undefined> =>
  orNothing(() => admin.fetchTopicOffsets(topic));

/** A topic that does not exist. */
async function orNothing<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isKafkaError(error, NO_TOPIC)) return undefined;
    throw error;
  }
}

async function orTell<T>(action: () => Promise<T>, { username, secret, config }: DrainedRequest): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw refusal(error as Error, username, secret, config) ?? error;
  }
}

function refusal(
  error: Error,
  username: string,
  secret: string,
  { prices, dead_letters: letters, consumer_group: group }: DrainedRequest['config'],
): FinalError | undefined {
  if (error.name === 'KafkaJSSASLAuthenticationError')
    return new FinalError(
      `the Kafka that is left refuses the login of ${username}: user or password in the secret ${secret} is another one ` +
        `than the cluster's (${errorText(error)})`,
    );
  if (!isDenied(error)) return undefined;
  const what = isKafkaError(error, GROUP_DENIED)
    ? `the consumer group ${group}: allow Read on it`
    : `topic ${prices.name} or ${letters.name}: allow Read on the one and Write on the other`;
  return new FinalError(`${username} may not use ${what}`);
}
