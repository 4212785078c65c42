import { hash, randomFillSync } from 'node:crypto';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 12 bits beside the milliseconds count the ids made within one of them. */
const MAX_COUNTER = 0xfff;
/** A clock that is corrected steps back by less; by more, it was wrong, and so would be the time of each id until then. */
const MAX_STEP_BACK_MS = 10_000;

export const isUuidV7 = (text: string): boolean => UUID_V7.test(text);

/** Milliseconds since 1970 that a version 7 UUID carries in its first 48 bits. */
export const uuidV7TimeMs = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

/** `bits12` are three hexadecimal digits; the first two bits of the tail's 16 digits give way to the variant. */
function format(timeMs: number, bits12: string, tail: Buffer): string {
  tail[0] = (tail[0] & 0x3f) | 0x80;
  const time = timeMs.toString(16).padStart(12, '0');
  const low = tail.toString('hex', 0, 8);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${bits12}-${low.slice(0, 4)}-${low.slice(4)}`;
}

/** The same version 7 UUID for the same time and content, whoever makes it. */
export function uuidV7Of(timeMs: number, content: string): string {
  const digest = hash('sha256', content, 'buffer');
  return format(timeMs, digest.toString('hex', 8, 10).slice(1), digest.subarray(0, 8));
}

/** One call into the kernel's generator costs more than an id; this makes it for many at a time. */
function pooledRandomBytes(): (size: number) => Buffer {
  const pool = Buffer.alloc(4_096);
  let used = pool.length;
  return (size) => {
    if (used + size > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}

/**
 * Makes version 7 UUIDs (RFC 9562) that rise strictly within this process, also if the clock steps back a little; one
 * that is set back further is followed.
 */
export class UuidV7Generator {
  private lastMs = 0;
  private counter = 0;

  constructor(
    private readonly now: () => number = Date.now,
    private readonly random: (size: number) => Buffer = pooledRandomBytes(),
  ) {}

  next(): string {
    const nowMs = this.now();
    if (nowMs > this.lastMs || nowMs < this.lastMs - MAX_STEP_BACK_MS) {
      this.lastMs = nowMs;
      this.counter = 0;
    } else if (this.counter === MAX_COUNTER) {
      this.lastMs += 1;
      this.counter = 0;
    } else {
      this.counter += 1;
    }
    return format(this.lastMs, this.counter.toString(16).padStart(3, '0'), this.random(8));
  }
}
