import { createInterface } from 'node:readline/promises';

/** Asks on the terminal and takes only yes for yes; replaced by tests. */
export type Confirm = (question: string, signal: AbortSignal) => Promise<boolean>;

export const confirmOnTerminal: Confirm = async (question, signal) => {
  // Not as a terminal: Ctrl-C then stays the signal that the whole program listens to.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    // The end of the input is no answer.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
};
