import { createHash } from 'node:crypto';

const LENGTH = 16;

/** Pure: a setting that stands for these texts in this order, and changes with any of them. */
export const digestOf = (texts: readonly string[]): string =>
  createHash('sha256').update(texts.join(',')).digest('hex').slice(0, LENGTH);
