/** What the lab has said about each defect, kept from run to run: a run of some defects changes no other's. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { STRICT_FOLDER } from './copy';
import { told } from './judge';
import type { Outcome } from './report';

const LAB_RESULTS_FILE = path.join(STRICT_FOLDER, 'lab-results.json');

export interface LabResult {
  readonly id: string;
  readonly caught: boolean;
  /** What the lab said; why the defect was not caught, where it was not. */
  readonly said: string;
  readonly seconds: number;
  /** ISO 8601. */
  readonly time: string;
}

/** The results with one more, in the place of an earlier one of the same defect. */
export const merged = (results: readonly LabResult[], result: LabResult): LabResult[] => [
  ...results.filter(({ id }) => id !== result.id),
  result,
];

export const readLabResults = (): LabResult[] =>
  existsSync(LAB_RESULTS_FILE) ? (JSON.parse(readFileSync(LAB_RESULTS_FILE, 'utf8')) as LabResult[]) : [];

export function saveLab({ defect, verdict, seconds }: Outcome): void {
  const result = {
    id: defect.id,
    caught: verdict.caught,
    said: told(verdict),
    seconds,
    time: new Date().toISOString(),
  };
  mkdirSync(STRICT_FOLDER, { recursive: true });
  writeFileSync(LAB_RESULTS_FILE, `${JSON.stringify(merged(readLabResults(), result), undefined, 2)}\n`);
}
