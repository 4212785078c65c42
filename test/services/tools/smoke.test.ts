import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentHash } from '../../../services/common/event';
import { describeStored } from '../../../services/tools/smoke';
import { getHealth, postEvent } from '../../../services/tools/smoke-http';

const sent = { event_id: '01a204de-fcc6-7000-8479-47f6e574fbfe', timestamp: '2026-03-01T12:00:00.000Z' };
const config = {
  smoke: { metal: 'gold', price: 1_850, producer_url: '', processor_url: '', step_deadline_seconds: 1 },
  prices: { name: 'metals-prices', partitions: 6, retention_hours: 1, max_message_bytes: 1_024 },
};
const content = {
  metal: 'gold',
  price: 1_850,
  currency: 'USD',
  unit: 'troy_ounce',
  source: 'smoke-test',
  schema_version: 1,
};
const stored = {
  _id: sent.event_id,
  ...content,
  content_hash: contentHash({ ...sent, ...content }),
  timestamp: new Date(sent.timestamp),
  ingested_at: new Date('2026-03-01T12:00:00.040Z'),
  kafka: { topic: 'metals-prices', partition: 0, offset: 7 },
};

describe('describeStored', () => {
  test.each([
    ['missing', []],
    ['stored twice', [stored, { ...stored, _id: 'id-2' }]],
  ])('fails when the event is %s', (_, found) => {
    expect(() => describeStored(found, sent, config)).toThrow(
      `expected 1 document for event ${sent.event_id}, found ${found.length}`,
    );
  });

  test.each([
    ['another id', { ...stored, _id: 'id-2' }, `_id is id-2, expected ${sent.event_id}`],
    ['another price', { ...stored, price: 1 }, 'price is 1, expected 1850'],
    ['no timestamp', { ...stored, timestamp: undefined }, 'timestamp is undefined'],
    ['a unit that is none', { ...stored, unit: 'bucket' }, 'is stored as no event: unit: must be equal'],
    ['a hash of other content', { ...stored, currency: 'EUR' }, 'its content has '],
    ['no coordinates', { ...stored, kafka: undefined }, 'without its coordinates'],
    ['no ingestion time', { ...stored, ingested_at: undefined }, 'without its coordinates or its ingestion time'],
  ])('fails when it is stored with %s', (_, found, message) => {
    expect(() => describeStored([found], sent, config)).toThrow(message);
  });

  test('says where it was and how long it took', () => {
    expect(describeStored([stored], sent, config)).toBe(
      'once, from partition 0 offset 7, read 40 ms after it was made',
    );
  });
});

describe('the requests', () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: string };
  beforeAll(async () => {
    server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test('health that is not healthy fails with what was answered', async () => {
    answer = { status: 503, body: '{"status":"starting"}' };
    await expect(getHealth(url)).rejects.toThrow('/health answered 503: {"status":"starting"}');
    answer = { status: 200, body: '{"status":"degraded","reasons":["Kafka: away"]}' };
    await expect(getHealth(url)).rejects.toThrow('Kafka: away');
  });

  test('health is told in one line', async () => {
    const health = {
      status: 'healthy',
      service: 'processor',
      version: '1',
      kafka_connected: true,
      mongodb_status: 'connected',
      processed_count: 3,
    };
    answer = { status: 200, body: JSON.stringify(health) };
    expect(await getHealth(url)).toBe(
      'processor 1 is healthy, kafka_connected true, mongodb_status connected, processed_count 3',
    );
  });

  test('only 202 counts as sent', async () => {
    answer = { status: 200, body: '{}' };
    await expect(postEvent(url, 'key', {})).rejects.toThrow('/produce answered 200');
    answer = { status: 202, body: '{"event_id":"a","timestamp":"t"}' };
    expect(await postEvent(url, 'key', {})).toEqual({ event_id: 'a', timestamp: 't' });
  });
});
