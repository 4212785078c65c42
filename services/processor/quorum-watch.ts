import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaConnection } from '../common/kafka';
import type { AskedBroker } from '../common/kafka-request';
import { errorText, type Logger } from '../common/log';
import { DESCRIBE_QUORUM, quorumProblem, readQuorum, type Quorum } from './quorum';

/** Several brokers of this stack. Somebody else's have a quorum of their own. */
export const hasQuorum = ({ brokers, external }: KafkaConnection): boolean =>
  external === undefined && brokers.length > 1;

export interface QuorumWatchOptions {
  readonly connect: () => Promise<AskedBroker>;
  readonly expectedBrokers: number;
  readonly intervalMs: number;
  readonly logger: Logger;
}

const STOP_MS = 500;

/**
 * Asks for Kafka's quorum every few seconds, apart from the other looks: without a leader a broker holds the answer back, and
 * goes on to serve what it leads.
 */
export class QuorumWatch {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private broker: AskedBroker | undefined;
  /** Of the last look; undefined: it had no answer. */
  quorum: Quorum | undefined;
  /** What is wrong with it. A Kafka that cannot be reached is KafkaWatch's to tell. */
  problem: string | undefined;

  constructor(private readonly options: QuorumWatchOptions) {}

  start(): void {
    this.loop ??= this.run();
  }

  /** A look that is under way is waited for a moment: it holds nothing that must be kept. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.loop, sleep(STOP_MS, undefined, { ref: false })]);
    await Promise.race([this.disconnect(), sleep(STOP_MS, undefined, { ref: false })]);
  }

  async check(): Promise<void> {
    const before = this.problem;
    // A connection of before may be to a broker that has ended meanwhile.
    const isFresh = this.broker === undefined;
    let seen = await this.look();
    if (!isFresh && this.broker === undefined) seen = await this.look();
    this.quorum = seen.quorum;
    this.problem = seen.problem;
    if (this.problem === before) return;
    if (this.problem === undefined) this.options.logger.info("Kafka's quorum is complete, or not known");
    else this.options.logger.warn({ reason: this.problem }, "Kafka's quorum is not complete");
  }

  private async look(): Promise<{ readonly quorum?: Quorum; readonly problem?: string }> {
    try {
      this.broker ??= await this.options.connect();
    } catch (error) {
      this.options.logger.debug({ error: errorText(error) }, "Kafka's quorum cannot be asked for");
      return {};
    }
    try {
      const quorum = readQuorum(await this.broker.send(DESCRIBE_QUORUM));
      return { quorum, problem: quorumProblem(quorum, this.options.expectedBrokers) };
    } catch (error) {
      await this.disconnect();
      return { problem: `Kafka's quorum gives no answer: ${errorText(error)}` };
    }
  }

  private async disconnect(): Promise<void> {
    const broker = this.broker;
    this.broker = undefined;
    await broker?.close().catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.check();
      await sleep(this.options.intervalMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
