import { STATES, type StateCode } from '../../../services/common/health-states';
import { producerHealth, type ProducerFacts } from '../../../services/producer/health';
import { ask, startRig, until } from './support';

const well: ProducerFacts = {
  version: '1',
  kafkaConnected: true,
  everReady: true,
  stopping: false,
  processedCount: 7,
  processedPerSecond: 1.5,
  instance: '0123456789ab',
  kafkaProblems: [undefined, undefined],
  feedProblem: undefined,
  queueFull: false,
  inFlightMs: 0,
  clockSkewMs: 0,
  stuckAfterMs: 180_000,
};

describe('producerHealth', () => {
  test.each<[string, Partial<ProducerFacts>, number, string, string[], string[]]>([
    ['not yet connected', { everReady: false, kafkaProblems: ['a', 'a'] }, 503, 'starting', ['a'], ['kafka-unusable']],
    [
      'Kafka is away',
      { kafkaProblems: ['Kafka: away', undefined] },
      200,
      'degraded',
      ['Kafka: away'],
      ['kafka-unusable'],
    ],
    [
      "Kafka's disk is full",
      { kafkaProblems: ['Kafka: Disk error when trying to access log file on the disk'] },
      200,
      'degraded',
      ['Kafka: Disk error when trying to access log file on the disk'],
      ['kafka-disk-full'],
    ],
    ['the queue is full', { queueFull: true }, 200, 'degraded', ['queue is full'], ['queue-full']],
    ['the feed is away', { feedProblem: 'feed x: away' }, 200, 'degraded', ['feed x: away'], ['feed-failing']],
    [
      'a send never ends',
      { inFlightMs: 180_001.4 },
      503,
      'stuck',
      ['a send is under way for 180001 ms'],
      ['send-stuck'],
    ],
    [
      'its clock is ahead',
      { clockSkewMs: 3_600_400 },
      200,
      'degraded',
      ['the clock of this replica is 3600 s ahead of that of Kafka'],
      ['clock-skewed'],
    ],
    [
      'its clock is behind',
      { clockSkewMs: -11_000 },
      200,
      'degraded',
      ['the clock of this replica is 11 s behind that of Kafka'],
      ['clock-skewed'],
    ],
    ['its clock is nearly right', { clockSkewMs: 10_000 }, 200, 'healthy', [], []],
    ['it stops', { stopping: true }, 200, 'stopping', ['draining'], []],
    ['all is well', {}, 200, 'healthy', [], []],
  ])('when %s', (_, facts, status, name, details, states) => {
    const reply = producerHealth({ ...well, ...facts });
    const next = states.length > 0 ? `; next: ${STATES[states[0] as StateCode].next}` : '';
    const reasons = details.map((detail) => `${detail}${next}`);
    expect({ status: reply.status, body: reply.body }).toMatchObject({
      status,
      body: { status: name, reasons, states },
    });
  });
});

test('is unhealthy until first connected, and only degraded when Kafka goes away later', async () => {
  const rig = await startRig({ connected: false });
  const health = () => ask(rig.port, { method: 'GET', path: '/health' });
  expect(await health()).toMatchObject({ status: 503, body: { status: 'starting', kafka_connected: false } });
  rig.watch.ok = true;
  rig.publisher.start();
  await until(() => rig.publisher.connected);
  expect(await health()).toMatchObject({ status: 200, body: { status: 'healthy', kafka_connected: true } });
  rig.watch.ok = false;
  rig.watch.problem = 'Kafka: away';
  expect(await health()).toMatchObject({ status: 200, body: { status: 'degraded', states: ['kafka-unusable'] } });
  await rig.stop();
});

test('the metrics count requests, events in and out, batches and the event loop, with units in their names', async () => {
  const rig = await startRig();
  await ask(rig.port);
  await ask(rig.port, { body: '[{"metal":"gold","price":1},{"metal":"gold","price":2},{}]' });
  await ask(rig.port, { body: '{}' });
  rig.watch.ok = false;
  await ask(rig.port);
  const { body } = await ask(rig.port, { method: 'GET', path: '/metrics' });
  const lines = String(body).split('\n');
  for (const line of [
    'metals_producer_http_request_duration_seconds_count{route="POST /produce",status="202"} 1',
    'metals_producer_http_request_duration_seconds_count{route="POST /produce",status="207"} 1',
    'metals_producer_http_request_duration_seconds_count{route="POST /produce",status="400"} 1',
    'metals_producer_events_received_total{result="accepted",reason=""} 3',
    'metals_producer_events_received_total{result="refused",reason="invalid-event"} 2',
    'metals_producer_events_received_total{result="failed",reason="kafka-unavailable"} 1',
    'metals_producer_events_published_total 3',
    'metals_producer_batch_events_count 2',
    'metals_producer_batch_events_sum 3',
    'metals_producer_send_duration_seconds_count 2',
    'metals_producer_kafka_connects_total{result="connected"} 1',
    'metals_producer_queue_events 0',
    'metals_producer_kafka_connected 0',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.some((line) => line.startsWith('metals_producer_event_loop_delay_p99_seconds '))).toBe(true);
  await rig.stop();
});

test('the metrics count a send that failed, and show what waits behind one that is under way', async () => {
  const rig = await startRig();
  const metrics = async (): Promise<string[]> =>
    String((await ask(rig.port, { method: 'GET', path: '/metrics' })).body).split('\n');
  let fail = (_: Error): void => undefined;
  rig.broker.before = () => new Promise((_, reject) => (fail = reject));
  const sent = ask(rig.port);
  await until(() => rig.publisher.inFlightMs > 0);
  expect(await metrics()).toContain('metals_producer_send_failures_total 0');
  const waiting = ask(rig.port, { body: '[{"metal":"gold","price":1},{"metal":"gold","price":2}]' });
  await until(() => rig.publisher.queued > 0);
  expect(await metrics()).toContain('metals_producer_queue_events 2');
  rig.broker.before = () => Promise.resolve();
  fail(new Error('cut'));
  expect((await sent).status).toBe(504);
  await waiting;
  const after = await metrics();
  for (const line of ['metals_producer_send_failures_total 1', 'metals_producer_queue_events 0']) {
    expect(after).toContain(line);
  }
  await rig.stop();
});
