import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup';
import { guardHeartbeat } from '../../../services/common/kafka-heartbeat-guard';

interface Group {
  memberId: string;
  lastRequest: number;
  coordinator: { heartbeat(): Promise<void> };
  heartbeat(options: { interval: number }): Promise<void>;
}

const HOUR_MS = 3_600_000;
let nowMs = 10 * HOUR_MS;
beforeEach(() => void jest.spyOn(Date, 'now').mockImplementation(() => nowMs));
afterEach(() => jest.restoreAllMocks());

function member() {
  let heartbeats = 0;
  const Constructor = ConsumerGroup as unknown as new (options: object) => Group;
  const logger = { namespace: () => ({}) };
  const group = new Constructor({ logger, retry: {}, instrumentationEmitter: { emit: () => undefined } });
  group.memberId = 'm';
  group.coordinator = { heartbeat: async () => void (heartbeats += 1) };
  return { group, heartbeats: () => heartbeats };
}

describe('guardHeartbeat', () => {
  beforeAll(() => guardHeartbeat());

  test('a clock that is set back by an hour does not end the heartbeats', async () => {
    const { group, heartbeats } = member();
    nowMs -= HOUR_MS;
    await group.heartbeat({ interval: 3_000 });
    expect(heartbeats()).toBe(1);
    expect(group.lastRequest).toBe(nowMs);
  });

  test('they still keep their interval', async () => {
    const { group, heartbeats } = member();
    nowMs += 2_999;
    await group.heartbeat({ interval: 3_000 });
    expect(heartbeats()).toBe(0);
    nowMs += 1;
    await group.heartbeat({ interval: 3_000 });
    expect(heartbeats()).toBe(1);
  });
});
