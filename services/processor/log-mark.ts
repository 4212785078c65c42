import type { SourceRecord } from './record';

/**
 * A part of a partition that was read, and the latest time that the broker stamped in it. The broker's clock goes on, so a
 * record with a later stamp that stands in there was appended after a part of the log was lost.
 */
export interface LogMark {
  /** Offsets of the first and the last record. */
  readonly from: number;
  readonly to: number;
  readonly latestMs: number;
}

/** `records` follow on what the mark covers, in order. */
export function extendMark(mark: LogMark | undefined, records: readonly SourceRecord[]): LogMark | undefined {
  if (records.length === 0) return mark;
  return {
    from: mark?.from ?? Number(records[0].offset),
    to: Number(records[records.length - 1].offset),
    latestMs: records.reduce((latest, { appendedMs }) => Math.max(latest, appendedMs), mark?.latestMs ?? 0),
  };
}

/** `firstLater`: the first record of the partition that is stamped later than all that the mark covers, or its end. */
export const isCut = (mark: LogMark, firstLater: number): boolean => firstLater >= mark.from && firstLater <= mark.to;

export function parseMark(value: unknown): LogMark | undefined {
  if (!Array.isArray(value) || value.length !== 3 || !value.every(Number.isSafeInteger)) return undefined;
  const [from, to, latestMs] = value as [number, number, number];
  return { from, to, latestMs };
}
