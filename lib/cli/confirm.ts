import { createInterface } from 'node:readline/promises';

/** Asks on the terminal and takes only yes for yes; replaced by tests. */
export type Confirm = (question: string, signal: AbortSignal) => Promise<boolean>;

export const confirmOnTerminal: Confirm = async (question, signal) =>
  /^y(es)?$/i.test(await askOnTerminal(`${question} [y/N]`, signal));

/** What was typed, without the blanks around it; empty at the end of the input. */
export async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  // Not as a terminal: Ctrl-C then stays the signal that the whole program listens to.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    // The end of the input is no answer.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} `, { signal }), closed]);
    return answer.trim();
  } finally {
    lines.close();
  }
}
