import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup';
import { keepMemberId } from '../../../services/processor/kept-member-id';

interface Group {
  groupId: string;
  memberId: string | null;
  coordinator: { leaveGroup(request: { memberId: string }): Promise<void> };
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
}

/** What a coordinator answers to one that joins: its id, or that it does not know it. */
type Coordinator = (memberId: string) => string;

const UNKNOWN = Object.assign(new Error('unknown member'), { type: 'UNKNOWN_MEMBER_ID' });
const joined: string[] = [];
const left: string[] = [];
let coordinator: Coordinator;
let isAway = false;
let isSyncRefused = false;

/** A consumer after another: kafkajs's own code, with a coordinator of the test. */
function consumer(): Group {
  const Constructor = ConsumerGroup as unknown as new (options: object) => Group;
  const broker = {
    joinGroup: async ({ memberId }: { memberId: string }) => {
      joined.push(memberId);
      return { generationId: 1, leaderId: 'another', memberId: coordinator(memberId), members: [], groupProtocol: 'p' };
    },
    syncGroup: async () => {
      if (isSyncRefused) throw new Error('timed out');
      return { memberAssignment: Buffer.alloc(0) };
    },
    leaveGroup: async ({ memberId }: { memberId: string }) => {
      if (isAway) throw new Error('connection closed');
      left.push(memberId);
    },
  };
  return new Constructor({
    ...{ groupId: 'group', topics: [], assigners: [], topicConfigurations: {}, retry: { initialRetryTime: 1 } },
    cluster: {
      findGroupCoordinator: async () => broker,
      findTopicPartitionMetadata: () => [],
      committedOffsets: () => ({}),
    },
    logger: { namespace: () => ({ debug: () => undefined, info: () => undefined }) },
    instrumentationEmitter: { emit: () => undefined },
  });
}

beforeAll(() => keepMemberId());
beforeEach(() => {
  joined.length = left.length = 0;
  isAway = isSyncRefused = false;
  coordinator = (memberId) => memberId || 'first';
});

test('a consumer after one that could not leave is the same member; after one that has left it is a new one', async () => {
  const before = consumer();
  await before.joinAndSync();
  isAway = true;
  await expect(before.leave()).rejects.toThrow('connection closed');
  isAway = false;
  const after = consumer();
  await after.joinAndSync();
  expect(joined).toEqual(['', 'first']);
  await after.leave();
  expect(left).toEqual(['first']);
  const another = consumer();
  await another.joinAndSync();
  expect(joined).toEqual(['', 'first', '']);
  await another.leave();
});

test('one that has got its id and no assignment is that member in the next consumer', async () => {
  const before = consumer();
  coordinator = (memberId) => memberId || 'half';
  isSyncRefused = true;
  await expect(before.joinAndSync()).rejects.toThrow('timed out');
  isSyncRefused = false;
  const after = consumer();
  await after.joinAndSync();
  expect(joined).toEqual(['', 'half']);
  await after.leave();
});

test('one that the coordinator has forgotten joins as a new one', async () => {
  await consumer().joinAndSync();
  joined.length = 0;
  coordinator = (memberId) => {
    if (memberId === 'first') throw UNKNOWN;
    return memberId || 'second';
  };
  const after = consumer();
  await after.joinAndSync();
  expect(joined).toEqual(['first', '']);
  expect(after.memberId).toBe('second');
});
