/** Pure: the reports of Jest and bats as one list of tests, and what they say about a planted defect. */
import { stripVTControlCharacters } from 'node:util';
import type { Defect } from './defects';

export interface TestResult {
  /** Full name; empty for a file that could not be loaded at all. */
  readonly name: string;
  readonly passed: boolean;
  /** Why it failed. */
  readonly text: string;
  /** Why it did not run here. */
  readonly skipped?: string;
}

interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Of `jest --json`; tests that were left out by a filter are left out here too. */
export function jestResults(json: string): TestResult[] {
  const report = JSON.parse(json) as JestReport;
  return report.testResults.flatMap(({ message, assertionResults }) => {
    if (assertionResults.length === 0) return [{ name: '', passed: false, text: plain(message) }];
    return assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status, failureMessages }) => ({
        name: fullName,
        passed: status === 'passed',
        text: plain(failureMessages.join('\n')),
      }));
  });
}

/** Of `bats --formatter tap`: a test, then what it printed as comments. */
export function tapResults(tap: string): TestResult[] {
  const results: { name: string; passed: boolean; text: string; skipped?: string }[] = [];
  for (const line of plain(tap).split('\n')) {
    const test = /^(not )?ok \d+ (.*?)(?: # skip(.*))?$/i.exec(line);
    if (test) results.push({ name: test[2] ?? '', passed: !test[1], text: '', skipped: test[3]?.trim() });
    const last = results.at(-1);
    if (last && line.startsWith('#')) last.text += `${line.replace(/^# ?/, '')}\n`;
  }
  return results;
}

const plain = (text: string): string => stripVTControlCharacters(text);

/** Whether the check can say anything: without the defect its test is there, and passes. */
export function baselineProblem(defect: Defect, results: readonly TestResult[]): string | undefined {
  const named = results.filter(({ name }) => name.includes(defect.name));
  const failed = results.find(({ name, passed }) => !passed && (name === '' || name.includes(defect.name)));
  if (failed) return `fails without the defect already: ${excerpt(failed.text)}`;
  const skipped = named.find((result) => result.skipped !== undefined);
  if (skipped) return `${defect.test} skips it here: ${skipped.skipped}`;
  return named.length === 0 ? `${defect.test} has no test whose name contains "${defect.name}"` : undefined;
}

export type Verdict =
  { readonly caught: true; readonly said: string } | { readonly caught: false; readonly problem: string };

/** What was said of a defect that was caught, or why it was not. */
export const told = (verdict: Verdict): string => (verdict.caught ? verdict.said : verdict.problem);

/** Caught: the named test failed, or its file could not be loaded, for the reason that is expected. */
export function judge(defect: Defect, results: readonly TestResult[]): Verdict {
  const failed = results.filter(({ name, passed }) => !passed && (name === '' || name.includes(defect.name)));
  for (const { text } of failed) {
    const said = new RegExp(defect.says, 'm').exec(text)?.[0];
    if (said !== undefined) return { caught: true, said: tidy(said) };
  }
  if (failed.length > 0) {
    return { caught: false, problem: `fails for another reason than /${defect.says}/: ${excerpt(failed[0]!.text)}` };
  }
  return {
    caught: false,
    problem: results.length > 0 ? 'is not noticed: the test passes' : 'no test ran',
  };
}

/** On one line, without the times of day that scripts print. */
const tidy = (text: string): string =>
  text
    .replace(/\b\d\d:\d\d:\d\d /g, '')
    .replace(/\s+/g, ' ')
    .trim();

const excerpt = (text: string): string =>
  text
    .trim()
    .split('\n')
    .slice(0, 30)
    .map((line) => line.slice(0, 300))
    .join('\n');
