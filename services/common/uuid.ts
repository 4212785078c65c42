import { randomBytes } from 'node:crypto';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 12 bits beside the milliseconds count the ids made within one of them. */
const MAX_COUNTER = 0xfff;

export const isUuidV7 = (text: string): boolean => UUID_V7.test(text);

/** Milliseconds since 1970 that a version 7 UUID carries in its first 48 bits. */
export const uuidV7TimeMs = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

/** Makes version 7 UUIDs (RFC 9562) that rise strictly within this process, even if the clock steps back. */
export class UuidV7Generator {
  private lastMs = 0;
  private counter = 0;

  constructor(
    private readonly now: () => number = Date.now,
    private readonly random: (size: number) => Buffer = randomBytes,
  ) {}

  next(): string {
    const nowMs = this.now();
    if (nowMs > this.lastMs) {
      this.lastMs = nowMs;
      this.counter = 0;
    } else if (this.counter === MAX_COUNTER) {
      this.lastMs += 1;
      this.counter = 0;
    } else {
      this.counter += 1;
    }
    const tail = this.random(8);
    tail[0] = (tail[0] & 0x3f) | 0x80;
    const time = this.lastMs.toString(16).padStart(12, '0');
    const low = tail.toString('hex');
    const counter = this.counter.toString(16).padStart(3, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${low.slice(0, 4)}-${low.slice(4)}`;
  }
}
