import { STATES, type StateCode } from '../../../services/common/health-states';
import { processorHealth, type ProcessorFacts } from '../../../services/processor/health';
import { healthyProcessor } from './support';

const ask = (facts: Partial<ProcessorFacts>) => processorHealth({ ...healthyProcessor, ...facts });
const recent = (state: StateCode, detail: string) => ({ recent: [{ state, detail }] });

describe('GET /health of the processor', () => {
  test.each<[string, Partial<ProcessorFacts>, StateCode, string]>([
    ['an outage restarts nothing', { kafkaProblems: ['Kafka: away', 'Kafka: away'] }, 'kafka-unusable', 'Kafka: away'],
    [
      "Kafka's disk is full",
      { kafkaProblems: ['Kafka: Disk error when trying to access log file on the disk'] },
      'kafka-disk-full',
      'Kafka: Disk error when trying to access log file on the disk',
    ],
    ['MongoDB is away', { mongodbProblems: ['MongoDB: away', undefined] }, 'mongodb-unusable', 'MongoDB: away'],
    [
      "a write that MongoDB's disk has no room for",
      { mongodbProblems: [undefined, 'MongoDB: event a is not stored yet: MongoDB 14031: too little disk'] },
      'mongodb-disk-full',
      'MongoDB: event a is not stored yet: MongoDB 14031: too little disk',
    ],
    [
      'a write that the disk of the stand-in has no room for',
      { mongodbProblems: [undefined, 'MongoDB: [db.go:167 fsql.(*DB).InTransaction] database or disk is full (13)'] },
      'mongodb-disk-full',
      'MongoDB: [db.go:167 fsql.(*DB).InTransaction] database or disk is full (13)',
    ],
    [
      "MongoDB's disk is nearly full",
      { mongodbDiskRatio: 0.951 },
      'mongodb-disk-full',
      'MongoDB: its file system is used to 95 %',
    ],
    [
      'a broker is away',
      { replicasBehind: ['metals-prices-3 on broker 2', 'metals-prices-4 on broker 2'] },
      'replica-behind',
      '2 replicas are not in sync, such as metals-prices-3 on broker 2',
    ],
    ['a broker has no vote', { quorumProblem: 'broker 2 has no vote' }, 'quorum-incomplete', 'broker 2 has no vote'],
    ['expelled', { expelled: true }, 'group-expelled', 'the consumer group does not know this replica'],
    ['waiting', { waitingToJoin: 'waiting to join the group g' }, 'group-joining', 'waiting to join the group g'],
    ['nobody reads', { unowned: [1, 4] }, 'partition-without-owner', 'no replica reads partitions 1, 4'],
    ['commits fail', { commitProblem: 'offsets: away' }, 'commits-refused', 'offsets: away'],
    ['letters fail', { deadLetterProblem: 'dead letters: away' }, 'dead-letters-refused', 'dead letters: away'],
    [
      'a partition whose offset is gone',
      { stoppedPartitions: [3], stuckPartitions: [{ partition: 3, lag: 7, forMs: 9_000 }] },
      'offset-gone',
      'partition 3 is stopped: its committed offset is gone from the topic, records are lost to retention',
    ],
    [
      'a partition that has lost what is committed of it',
      { stoppedPartitions: [2], truncatedPartitions: [2] },
      'topic-truncated',
      'partition 2: its log was cut or made anew, and records that the group has committed are gone from it; what is ' +
        'accepted now would be passed over',
    ],
    [
      'a partition that stands still',
      { stuckPartitions: [{ partition: 5, lag: 12, forMs: 8_200 }] },
      'partition-stuck',
      'partition 5: 12 records wait, and none has been committed for 8 s',
    ],
    [
      'another clock',
      { clockSkewMs: -3_600_000 },
      'clock-skewed',
      'the clock of this replica is 3600 s behind that of MongoDB',
    ],
    [
      'a poison record',
      recent('poison-record', 'offset 7 is a dead letter'),
      'poison-record',
      'offset 7 is a dead letter',
    ],
    ['an index', recent('unique-index', 'price_1 has refused'), 'unique-index', 'price_1 has refused'],
    ['far behind', { lagRecords: 101 }, 'lagging', '101 records behind, more than lag_degraded_records 100'],
  ])('%s: degraded, with what to do', (_, facts, state, detail) => {
    const reply = ask(facts);
    expect(reply.status).toBe(200);
    const reasons = [`${detail}; next: ${STATES[state].next}`];
    expect(reply.body).toMatchObject({ status: 'degraded', states: [state], reasons });
  });

  test('unhealthy until first connected', () => {
    const reply = ask({ everReady: false, mongodbProblems: ['MongoDB: away'] });
    expect(reply).toMatchObject({ status: 503, body: { status: 'starting', states: ['mongodb-unusable'] } });
  });

  test('stuck, for only a restart helps', () => {
    const reply = ask({ silentMs: 1_001.3 });
    expect(reply).toMatchObject({ status: 503, body: { status: 'stuck', states: ['consumer-silent'] } });
    expect(reply.body).toMatchObject({ reasons: [expect.stringContaining('no sign for 1001 ms; next: ')] });
  });

  test('draining', () => {
    expect(ask({ stopping: true })).toMatchObject({ status: 200, body: { status: 'stopping', reasons: ['draining'] } });
  });

  test('says what the system promises of a health answer', () => {
    expect(ask({ lagRecords: 100, mongodbDiskRatio: 0.94, clockSkewMs: 10_000 })).toEqual({
      status: 200,
      body: {
        status: 'healthy',
        kafka_connected: true,
        mongodb_status: 'connected',
        processed_count: 7,
        processed_per_second: 1.5,
        lag_records: 100,
        instance: '0123456789ab',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: 'processor',
        version: '1',
        reasons: [],
        states: [],
      },
    });
    expect(ask({ mongodbConnected: false }).body).toMatchObject({ mongodb_status: 'disconnected' });
  });
});
