/** Events that were sent without an id, and whose answer has not come: what the producer made of them is on the topic. Pure. */
import type { ClientEvent, Sent, TopicRecord } from './observed';

/** Id and time come from the record with the event's tag; one that is on the topic twice is found twice in the store, too. */
export function completeNameless(sent: readonly Sent[], records: readonly TopicRecord[]): Sent[] {
  const open = new Set(sent.filter(({ event }) => event.event_id === '').map(({ event }) => event.source));
  if (open.size === 0) return [...sent];
  const made = new Map<string, ClientEvent>();
  for (const { value } of records) {
    const event = parse(value);
    if (event !== undefined && open.has(event.source)) made.set(event.source, event);
  }
  return sent.map((each) => {
    const { event_id: id, timestamp } = made.get(each.event.source) ?? each.event;
    return each.event.event_id === '' ? { ...each, event: { ...each.event, event_id: id, timestamp } } : each;
  });
}

function parse(value: string): ClientEvent | undefined {
  try {
    return (JSON.parse(value) as ClientEvent | null) ?? undefined;
  } catch {
    // Not an event.
    return undefined;
  }
}
