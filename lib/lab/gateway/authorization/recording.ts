/** Every distinct judged call, one JSON line each, so that a test can tell which grants were needed. */
import fs from 'node:fs';
import path from 'node:path';
import type { Decision } from './simulate';

export interface RecordedCall {
  readonly roleName: string;
  /** ARN of the session. */
  readonly principal: string;
  /** As IAM names it; `service:Operation` where no mapper knows the call. */
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
  /** `not yet in effect`: denied, although IAM states a policy that allows it. */
  readonly decision: Decision | 'not yet in effect' | 'unmapped';
}

export class Recording {
  private readonly lines: Set<string>;
  private readonly file: string;

  constructor(stateDirectory: string) {
    this.file = path.join(stateDirectory, 'iam-calls.jsonl');
    fs.mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    const text = fs.existsSync(this.file) ? fs.readFileSync(this.file, 'utf8') : '';
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    // A kill may have cut the last line; what is appended must not continue it.
    if (complete.length < text.length) fs.truncateSync(this.file, Buffer.byteLength(complete));
    this.lines = new Set(complete.split('\n').filter((line) => line !== ''));
  }

  add(call: RecordedCall): void {
    const line = JSON.stringify(call);
    if (this.lines.has(line)) return;
    this.lines.add(line);
    fs.appendFileSync(this.file, `${line}\n`, { mode: 0o600 });
  }

  get calls(): RecordedCall[] {
    return [...this.lines].map((line) => JSON.parse(line) as RecordedCall);
  }
}
