import type { Producer } from 'kafkajs';
import type { Engines } from '../common/external';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaSecret } from '../common/kafka-login';
import { errorText, type Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { list, show } from './dlq-list';
import { DlqOutput } from './dlq-output';
import { LetterReader } from './dlq-reader';
import { replay } from './dlq-replay';
import { DlqError, type DlqRequest } from './dlq-request';
import { openReplayProducer } from './dlq-send';
import { ADMIN } from './users';

/** The administrator's login, which alone may read dead letters. */
export const dlqSecret = (engines: Engines): string => `${kafkaSecret(engines)}-admin`;

const READ_DEADLINE_MS = 60_000;

/** What the operations need; tests bring their own. */
export interface DlqDeps {
  readonly letters: Pick<LetterReader, 'range' | 'offsetSince' | 'partitionsOf' | 'read'>;
  readonly output: DlqOutput;
  readonly nowMs: () => number;
  readonly pricesTopic: string;
  /** Connects when it is first asked for, so that nothing but a replay ever can send. */
  readonly producer: () => Promise<Pick<Producer, 'send'>>;
}

/** Lists, shows or replays dead letters; resolves with whether all that was asked for is done. */
export async function dlq(
  request: DlqRequest,
  config: ToolsConfig,
  secret: string,
  logger: Logger,
  output: DlqOutput,
): Promise<boolean> {
  const { username, password } = kafkaLogin(config.kafka, secret, ADMIN);
  const kafka = createKafka({ clientId: 'metals-dlq', connection: { ...config.kafka, username }, password, logger });
  const letters = new LetterReader({ kafka, topic: config.dead_letters.name, deadlineMs: READ_DEADLINE_MS, logger });
  let producer: Producer | undefined;
  const deps: DlqDeps = {
    letters,
    output,
    nowMs: Date.now,
    pricesTopic: config.prices.name,
    producer: async () => (producer ??= await openReplayProducer(kafka)),
  };
  try {
    await letters.open();
    await { list, show, replay }[request.action](request, deps);
    return true;
  } catch (error) {
    tellError(output, error);
    return false;
  } finally {
    await producer?.disconnect();
    await letters.close();
  }
}

export function tellError(output: DlqOutput, error: unknown): void {
  const { next, usage } = error instanceof DlqError ? error : { next: './bin/metals status', usage: false };
  output.last({ error: { why: errorText(error).slice(0, 500), next, usage } });
}
