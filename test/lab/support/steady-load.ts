/** Load of which every request counts: none is repeated, and each sends with the key that is current. */
import { UuidV7Generator } from '../../../services/common/uuid';
import { http, mustBeStored, PRODUCER_URL } from './pipeline';
import { apiKey } from './secrets';

const EVENTS_PER_REQUEST = 10;
/** How often a client of the API asks for the current key. */
const KEY_SECONDS = 1;

/** Sends at this rate while `work` runs: no request may fail, and every event must be stored, once. */
export async function withoutFailure(eventsPerSecond: number, work: () => Promise<void>): Promise<void> {
  const source = `lab-steady-${Date.now()}`;
  const ids = new UuidV7Generator();
  const sent: string[] = [];
  const failures: string[] = [];
  const requests: Promise<void>[] = [];
  let key = await apiKey();
  const send = async (): Promise<void> => {
    const events = Array.from({ length: EVENTS_PER_REQUEST }, () => {
      const event = { event_id: ids.next(), metal: 'silver', price: 1 + sent.length / 100, source };
      sent.push(event.event_id);
      return event;
    });
    const answer = await http('POST', `${PRODUCER_URL}/produce`, events, { 'x-api-key': key }).catch(
      ({ message }: Error) => ({ status: 0, body: message }),
    );
    if (answer.status !== 202)
      failures.push(`${new Date().toISOString()}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const sending = setInterval(() => requests.push(send()), (1000 * EVENTS_PER_REQUEST) / eventsPerSecond);
  const asking = setInterval(
    () =>
      void apiKey().then(
        (current) => (key = current),
        (error: Error) => failures.push(error.message),
      ),
    KEY_SECONDS * 1000,
  );
  try {
    await work();
  } finally {
    clearInterval(sending);
    clearInterval(asking);
  }
  await Promise.all(requests);
  expect(failures).toEqual([]);
  expect(sent.length).toBeGreaterThan(eventsPerSecond);
  await mustBeStored(source, sent);
}
