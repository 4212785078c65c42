import type { Interruption } from '../../../lib/cli/interrupt';
import type { Io } from '../../../lib/cli/terminal';

export interface FakeIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
}

/** A process without a terminal whose output is kept. */
export function fakeIo(env: NodeJS.ProcessEnv = {}, isTTY = false): FakeIo {
  let out = '';
  let err = '';
  return {
    env,
    stdin: { isTTY },
    stdout: { isTTY, write: (text: string) => (out += text) },
    stderr: { isTTY, columns: 80, write: (text: string) => (err += text) },
    out: () => out,
    err: () => err,
  };
}

/** The environment that `. .lab/env` sets. */
export const LAB_ENV = {
  AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  AWS_ACCESS_KEY_ID: '000000000000',
  AWS_SECRET_ACCESS_KEY: 'unit-test',
  AWS_REGION: 'eu-west-1',
  METALS_STAGE: 'lab',
};

export const notInterrupted = (): Interruption => ({ signal: new AbortController().signal, exitCode: () => 130 });
