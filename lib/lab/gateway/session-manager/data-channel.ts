/**
 * The agent's side of a data channel: each message is acknowledged, taken in order and once, and sent again until it is
 * acknowledged. The plugin does not acknowledge what comes before it is ready for it.
 */
import {
  acknowledgementOf,
  json,
  MESSAGE,
  newMessage,
  parseMessage,
  PAYLOAD,
  serialise,
  type ClientMessage,
} from './client-message';

const RESEND_MILLISECONDS = 200;
/** As long as the plugin itself tries. */
const GIVE_UP_MILLISECONDS = 300_000;
/** Of the agent: what is not acknowledged, the plugin keeps in a buffer of 10,000 messages. */
const MOST_UNACKNOWLEDGED = 1_000;
/** Of one message [StreamDataPayloadSize]. */
const PAYLOAD_BYTES = 1024;

export interface ChannelEvents {
  /** Data of the plugin, in order. */
  readonly onInput: (payloadType: number, payload: Buffer) => void;
  /** There is room for output again. */
  readonly onDrain: () => void;
  readonly onGivenUp: () => void;
}

export class DataChannel {
  private send: ((message: Buffer) => void) | undefined;
  private nextOutput = 0;
  private nextInput = 0;
  /** Not acknowledged yet, in order. */
  private readonly unacknowledged = new Map<number, ClientMessage>();
  /** Came before one that is still missing. */
  private readonly early = new Map<number, ClientMessage>();
  private waitsForDrain = false;
  private lastProgress = Date.now();
  private readonly resend: NodeJS.Timeout;

  constructor(private readonly events: ChannelEvents) {
    this.resend = setInterval(() => this.sendOldestAgain(), RESEND_MILLISECONDS);
    this.resend.unref();
  }

  /** The connection that the plugin has now; after one that broke it comes with another one. */
  attach(send: (message: Buffer) => void): void {
    this.send = send;
    for (const message of this.unacknowledged.values()) send(serialise(message));
  }

  detach(): void {
    this.send = undefined;
  }

  /** Answers whether there is room for more; onDrain tells when there is. */
  output(data: Buffer): boolean {
    for (let from = 0; from < data.length; from += PAYLOAD_BYTES)
      this.write(PAYLOAD.output, data.subarray(from, from + PAYLOAD_BYTES));
    this.waitsForDrain = this.unacknowledged.size >= MOST_UNACKNOWLEDGED;
    return !this.waitsForDrain;
  }

  write(payloadType: number, payload: Buffer): void {
    if (this.unacknowledged.size === 0) this.lastProgress = Date.now();
    const message = newMessage(MESSAGE.output, this.nextOutput++, payloadType, payload);
    this.unacknowledged.set(message.sequenceNumber, message);
    this.send?.(serialise(message));
  }

  /** @throws Error for what is no message */
  receive(bytes: Buffer): void {
    const message = parseMessage(bytes);
    if (message.type === MESSAGE.acknowledge) return this.acknowledged(message);
    if (message.type !== MESSAGE.input) return;
    this.send?.(serialise(acknowledgementOf(message)));
    if (message.sequenceNumber >= this.nextInput) this.early.set(message.sequenceNumber, message);
    for (;;) {
      const next = this.early.get(this.nextInput);
      if (!next) return;
      this.early.delete(this.nextInput++);
      this.events.onInput(next.payloadType, next.payload);
    }
  }

  /** Tells the plugin that the session has ended, and why, if it is no ordinary end. */
  close(sessionId: string, target: string, reason: string): void {
    clearInterval(this.resend);
    const content = { SessionId: sessionId, DestinationId: target, Output: reason, MessageType: MESSAGE.closed };
    this.send?.(
      serialise(
        newMessage(
          MESSAGE.closed,
          0,
          0,
          json({ ...content, SchemaVersion: 1, MessageId: crypto.randomUUID(), CreatedDate: new Date().toISOString() }),
        ),
      ),
    );
  }

  private acknowledged({ payload }: ClientMessage): void {
    const { AcknowledgedMessageSequenceNumber: number } = JSON.parse(payload.toString()) as {
      AcknowledgedMessageSequenceNumber: number;
    };
    if (this.unacknowledged.delete(number)) this.lastProgress = Date.now();
    if (!this.waitsForDrain || this.unacknowledged.size >= MOST_UNACKNOWLEDGED / 2) return;
    this.waitsForDrain = false;
    this.events.onDrain();
  }

  private sendOldestAgain(): void {
    const [oldest] = this.unacknowledged.values();
    if (!oldest) return;
    if (Date.now() - this.lastProgress > GIVE_UP_MILLISECONDS) {
      clearInterval(this.resend);
      return this.events.onGivenUp();
    }
    this.send?.(serialise(oldest));
  }

  /** All that was written has been acknowledged, or nobody is there who could. */
  get isIdle(): boolean {
    return this.unacknowledged.size === 0 || !this.send;
  }
}
