import type { Kafka } from 'kafkajs';
import { AS_READ } from '../../../services/processor/settle';
import { fetchedMessage, priceConsumer, TOPIC } from './support';

const done = async (): Promise<void> => undefined;

/** A group that lets everybody in, and takes no commit of its first member. */
function group() {
  const commits: string[] = [];
  const deliver: (() => Promise<void>)[] = [];
  const kafka = {
    admin: () => ({ connect: done, disconnect: done, fetchOffsets: async () => [{ topic: TOPIC, partitions: [] }] }),
    consumer: () => {
      const memberId = `member-${deliver.length}`;
      const listeners = new Map<string, (event: object) => void>();
      const commit = async (): Promise<void> => {
        commits.push(memberId);
        if (memberId === 'member-0') throw Object.assign(new Error('expelled'), { type: 'UNKNOWN_MEMBER_ID' });
      };
      return {
        events: new Proxy({}, { get: (_, name) => name }),
        on: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
        run: async ({ eachBatch }: { eachBatch: (payload: object) => Promise<void> }) => {
          listeners.get('GROUP_JOIN')?.({ payload: { memberId, isLeader: true, memberAssignment: { [TOPIC]: [0] } } });
          const batch = { topic: TOPIC, partition: 0, lastOffset: () => '5', messages: [fetchedMessage('5')] };
          const rest = { resolveOffset: done, pause: () => done, isStale: () => false };
          deliver.push(() => eachBatch({ batch, commitOffsetsIfNecessary: commit, ...rest }));
        },
        ...{ connect: done, subscribe: done, pause: done, stop: done, disconnect: done },
      };
    },
  };
  return { kafka: kafka as unknown as Kafka, commits, deliver };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('a member that was expelled joins again, and commits what it reads then', async () => {
  const { kafka, commits, deliver } = group();
  const subject = priceConsumer(kafka, async (_, __, read) => (read(), AS_READ));
  subject.start();
  await until(() => deliver.length === 1);
  expect(subject.membership).toMatchObject({ memberId: 'member-0', isLeader: true });
  await deliver[0]();
  await until(() => deliver.length === 2);
  expect(subject.membership.memberId).toBe('member-1');
  await deliver[1]();
  await until(() => commits.length === 2);
  expect(commits).toEqual(['member-0', 'member-1']);
  await subject.stop();
});
