import { logLevel, type logCreator } from 'kafkajs';
import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stdout, errors as name and message: a stack trace appears at debug level only. */
export function createLogger(service: string, version: string, level: string): Logger {
  return pino({
    level,
    base: { service, version },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** What a person can use of an error: its message and the messages of its causes. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  for (let current: unknown = error; current instanceof Error && parts.length < 4; current = current.cause) {
    const text = current.message || current.name;
    if (!parts.includes(text)) parts.push(text);
  }
  return parts.length > 0 ? parts.join(': ') : String(error);
}

const NOISE: ReadonlySet<string> = new Set(['message', 'timestamp', 'logger', 'stack']);
const OFFSET_RESET = /out of range, resetting/i;

/**
 * kafkajs's log through ours. Its errors are retried by it and reported by us, so they appear as warnings.
 * `onOffsetReset` hears of the one that nothing else tells: a committed offset that the broker no longer has.
 */
export function kafkaLogCreator(logger: Logger, onOffsetReset: () => void = () => undefined): logCreator {
  return () => (entry) => {
    const { message } = entry.log;
    if (OFFSET_RESET.test(message)) onOffsetReset();
    const fields = Object.fromEntries(Object.entries(entry.log).filter(([name]) => !NOISE.has(name)));
    fields.kafkajs = entry.namespace;
    if (entry.level === logLevel.ERROR || entry.level === logLevel.WARN) logger.warn(fields, message);
    else logger.debug(fields, message);
  };
}
