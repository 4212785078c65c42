import { processorHealth, type ProcessorFacts } from '../../../services/processor/health';

const healthy: ProcessorFacts = {
  version: '1',
  kafkaConnected: true,
  mongodbConnected: true,
  everReady: true,
  stopping: false,
  processedCount: 7,
  problems: [undefined, undefined],
  stoppedPartitions: [],
  partitionsBeyondEnd: [],
  lagRecords: 0,
  lagDegradedRecords: 100,
  silentMs: 10,
  stuckAfterMs: 1_000,
};
const ask = (facts: Partial<ProcessorFacts>) => processorHealth({ ...healthy, ...facts });

describe('GET /health of the processor', () => {
  test.each<[string, Partial<ProcessorFacts>, number, string, unknown]>([
    [
      'unhealthy until first connected',
      { everReady: false, problems: ['MongoDB: away'] },
      503,
      'starting',
      'MongoDB: away',
    ],
    ['an outage restarts nothing', { problems: ['Kafka: away', 'Kafka: away'] }, 200, 'degraded', 'Kafka: away'],
    [
      'stuck, for only a restart helps',
      { silentMs: 1_001 },
      503,
      'stuck',
      expect.stringContaining('no sign for 1001 ms'),
    ],
    ['far behind', { lagRecords: 101 }, 200, 'degraded', '101 records behind, more than lag_degraded_records 100'],
    [
      'a partition whose offset is gone, with what to do',
      { stoppedPartitions: [3] },
      200,
      'degraded',
      expect.stringMatching(/^partition 3 is stopped: .*on_offset_out_of_range to earliest and deploy$/),
    ],
    [
      'a partition that is shorter than what is committed of it, with what to do',
      { stoppedPartitions: [2], partitionsBeyondEnd: [2] },
      200,
      'degraded',
      expect.stringMatching(/^partition 2: .*beyond the end of the topic.*to earliest and deploy/),
    ],
    ['draining', { stopping: true }, 200, 'stopping', 'draining'],
  ])('%s', (_, facts, httpStatus, status, reason) => {
    const reply = ask(facts);
    expect(reply.status).toBe(httpStatus);
    expect(reply.body).toMatchObject({ status, reasons: [reason] });
  });

  test('says what the system promises of a health answer', () => {
    expect(ask({ lagRecords: 100 })).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        kafka_connected: true,
        mongodb_status: 'connected',
        processed_count: 7,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'processor',
        version: '1',
        reasons: [],
      },
    });
    expect(ask({ mongodbConnected: false }).body).toMatchObject({ mongodb_status: 'disconnected' });
  });
});
