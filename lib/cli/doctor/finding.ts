import { SLOT_PATTERN } from '../../contract';
import type { Finding } from './evidence';
import { FINDINGS, type FindingCode } from './finding-codes';

export const finding = (code: FindingCode, what: string, evidence: readonly string[], next: string): Finding => ({
  ...{ code, what, evidence, isNot: FINDINGS[code].isNot, next },
});

/** Pure: `1 task`, `3 tasks`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** Pure: how to look at a node, where its slot is known. */
export const onNode = (slot: string | null, commands: string): string =>
  slot !== null && SLOT_PATTERN.test(slot)
    ? `./bin/metals shell ${slot}    # then: ${commands}`
    : `on the node: ${commands}`;
