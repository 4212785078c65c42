import type { logCreator } from 'kafkajs';
import { pino, type Logger } from 'pino';
import { explainTls } from './tls-error';

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

/** What a person can use of an error: its message and the messages of its causes, or what to correct where that is known. */
export function errorText(error: unknown): string {
  const explained = explainTls(error);
  if (explained !== undefined) return explained;
  const parts: string[] = [];
  for (let current: unknown = error; current instanceof Error && parts.length < 4; current = current.cause) {
    const text = current.message || current.name;
    if (!parts.includes(text)) parts.push(text);
  }
  return parts.length > 0 ? parts.join(': ') : String(error);
}

const NOISE: ReadonlySet<string> = new Set(['message', 'timestamp', 'logger', 'stack']);

/**
 * kafkajs's log through ours, at debug level: it warns of each attempt that it repeats by itself, and what it gives up
 * reaches us as an error, which we report.
 */
export function kafkaLogCreator(logger: Logger): logCreator {
  return () => (entry) => {
    const { message } = entry.log;
    const fields = Object.fromEntries(Object.entries(entry.log).filter(([name]) => !NOISE.has(name)));
    logger.debug({ kafkajs: entry.namespace, ...fields }, message);
  };
}
