import type { IHeaders } from 'kafkajs';
import { readLetter, type Letter } from '../../../services/tools/dlq-letter';

export const FAILED_AT = '2026-03-01T12:00:00.000Z';
export const EVENT_ID = '0195512c-8000-7000-8000-000000000001';

/** A letter as the processor writes it. */
export function letter(offset: number, over: IHeaders = {}, value: Buffer | null = Buffer.from('{broken')): Letter {
  const headers: IHeaders = {
    'metals-reason': Buffer.from('not-json'),
    'metals-detail': Buffer.from('Unexpected token'),
    'metals-source-topic': Buffer.from('metals-prices'),
    'metals-source-partition': Buffer.from('3'),
    'metals-source-offset': Buffer.from('455'),
    'metals-source-key': Buffer.from(EVENT_ID),
    'metals-failed-at': Buffer.from(FAILED_AT),
    'metals-processor-version': Buffer.from('1.2.3'),
    ...over,
  };
  const timestampMs = Date.parse(FAILED_AT) + offset * 1_000;
  const present = Object.fromEntries(Object.entries(headers).filter(([, each]) => each !== undefined));
  return readLetter({ offset, timestampMs, value, headers: present });
}
