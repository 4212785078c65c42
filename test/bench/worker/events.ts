import type { PriceEvent } from '../../../services/common/event';
import { UuidV7Generator } from '../../../services/common/uuid';
import { METALS } from './job';

const ids = new UuidV7Generator();

/** Events as the product writes them, one metal for each partition in turn. */
export function makeEvent(index: number, partitions: number = METALS.length): PriceEvent {
  return {
    event_id: ids.next(),
    metal: METALS[index % partitions],
    price: 1_000 + (index % 10_000) / 100,
    currency: 'USD',
    unit: 'troy_ounce',
    timestamp: new Date().toISOString(),
    source: 'bench',
    schema_version: 1,
  };
}

/** Blanks between the last field and the brace are valid JSON: the record grows, the document does not. */
export function encode(event: PriceEvent, recordBytes = 0): string {
  const text = JSON.stringify(event);
  return text.length >= recordBytes ? text : `${text.slice(0, -1)}${' '.repeat(recordBytes - text.length)}}`;
}
