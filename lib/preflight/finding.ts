/** One line of a preflight, and what all lines together mean. Pure. */
import { EXIT } from '../contract';
import type { Fact } from './fact';

/**
 * `fails`: the deployment would fail · `refused`: these credentials lack an action · `warning`: it may fail, or costs ·
 * `unknown`: could not be measured · `skipped`: makes no sense here.
 */
export type Verdict = 'ok' | 'warning' | 'fails' | 'refused' | 'unknown' | 'skipped';

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly measured: string;
  readonly needed: string;
  /** Commands or instructions, one each; none when there is nothing to do. */
  readonly next: readonly string[];
}

/** What a check says about a value that could be read. */
export interface Judgement {
  readonly verdict: Extract<Verdict, 'ok' | 'warning' | 'fails' | 'unknown'>;
  readonly measured: string;
  readonly next?: readonly string[];
}

/** Judges a fact, or says why it is not known. */
export function judge<T>(check: string, needed: string, fact: Fact<T>, decide: (value: T) => Judgement): Finding {
  return fact.kind === 'known' ? { check, needed, next: [], ...decide(fact.value) } : notKnown(check, needed, fact);
}

/** A line about something that could not be measured. */
export const notKnown = (check: string, needed: string, fact: Exclude<Fact<unknown>, { kind: 'known' }>): Finding =>
  fact.kind === 'refused'
    ? {
        check,
        verdict: 'refused',
        measured: `not known: these credentials lack ${fact.action}`,
        needed,
        next: [`ask for ${fact.action}`],
      }
    : { check, verdict: 'unknown', measured: fact.reason, needed, next: [] };

export const skipped = (check: string, reason: string): Finding => ({
  check,
  verdict: 'skipped',
  measured: reason,
  needed: '-',
  next: [],
});

/** 3 if the deployment would fail, else 4 if a check or a right was refused, else 0. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const has = (verdict: Verdict): boolean => findings.some((finding) => finding.verdict === verdict);
  if (has('fails')) return EXIT.unhealthy;
  return has('refused') ? EXIT.notAuthorised : EXIT.ok;
}
