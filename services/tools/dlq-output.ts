import { asciiJson } from './dlq-letter';

/** The agent cuts what a document prints at 24,000 bytes; the rest is room for the last line. */
const LINES_LIMIT_BYTES = 20_000;

/** Whole JSON lines, as many as arrive whole. The last line is `end` or `error`: without it, something was cut. */
export class DlqOutput {
  private usedBytes = 0;

  constructor(private readonly write: (text: string) => void) {}

  /** False, and nothing printed, when it does not fit any more. */
  line(value: object): boolean {
    const text = `${asciiJson(value)}\n`;
    if (this.usedBytes + text.length > LINES_LIMIT_BYTES) return false;
    this.usedBytes += text.length;
    this.write(text);
    return true;
  }

  /** The last line. */
  last(value: object): void {
    this.write(`${asciiJson(value)}\n`);
  }
}

const REASONS_NAMED = 20;

/** How many letters of each reason; reasons that nobody knows may be many, and long. */
export class ReasonCounts {
  private readonly counts = new Map<string, number>();

  add(reason: string): void {
    const name = reason.slice(0, 64);
    const known = this.counts.has(name) || this.counts.size < REASONS_NAMED;
    const counted = known ? name : 'other';
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([, a], [, b]) => b - a));
  }
}
