/** One line per event on stderr: time, subject, text. Callers never pass secrets, bodies or headers. */
export type Log = (subject: string, text: string) => void;

export const logToStderr: Log = (subject, text) =>
  void process.stderr.write(`${new Date().toISOString()} ${subject}: ${text}\n`);

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
