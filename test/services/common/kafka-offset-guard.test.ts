import OffsetManager from 'kafkajs/src/consumer/offsetManager';
import { guardOffsetReset } from '../../../services/common/kafka-offset-guard';

interface Manager {
  setDefaultOffset(at: { topic: string; partition: number }): Promise<void>;
  committedOffsets(): Record<string, Record<string, string>>;
}

function manager() {
  const commits: object[] = [];
  const Constructor = OffsetManager as unknown as new (options: object) => Manager;
  const created = new Constructor({
    cluster: { committedOffsets: () => ({}), defaultOffset: () => -2 },
    coordinator: { isConnected: () => true, offsetCommit: async (commit: object) => void commits.push(commit) },
    memberAssignment: { prices: [3] },
    topicConfigurations: { prices: { fromBeginning: true } },
    groupId: 'g',
  });
  return { created, commits };
}

describe('guardOffsetReset', () => {
  test('a position that is out of range is left as it is when the decision is to stay', async () => {
    const { created, commits } = manager();
    const asked: object[] = [];
    guardOffsetReset((at) => (asked.push(at), 'stay'));
    await created.setDefaultOffset({ topic: 'prices', partition: 3 });
    expect(asked).toEqual([{ topic: 'prices', partition: 3 }]);
    expect(commits).toEqual([]);
  });

  test('kafkajs goes on from the default position when the decision is to reset', async () => {
    const { created, commits } = manager();
    guardOffsetReset(() => 'reset');
    await created.setDefaultOffset({ topic: 'prices', partition: 3 });
    expect(commits).toMatchObject([{ topics: [{ topic: 'prices', partitions: [{ partition: 3, offset: -2 }] }] }]);
  });
});
