import type { Kafka } from 'kafkajs';
import { createLogger } from '../../../services/common/log';
import { tellCluster } from '../../../services/tools/cluster-id';

describe('the cluster that was set up is told', () => {
  const tell = async (over: object) => {
    const lines: string[] = [];
    const admin = { connect: async () => undefined, disconnect: async () => undefined, ...over };
    const logger = createLogger('test', '0', 'silent');
    logger.info = ((fields: object, text: string) => void lines.push(`${text} ${JSON.stringify(fields)}`)) as never;
    await tellCluster({ admin: () => admin } as unknown as Kafka, logger);
    return lines;
  };
  test.each<[string, object, string]>([
    ['with its id', { describeCluster: async () => ({ clusterId: 'id' }) }, 'Kafka is set up {"cluster":"id"}'],
    ['without one', { describeCluster: () => Promise.reject(new Error('denied')) }, 'Kafka is set up {}'],
    ['although it is away', { connect: () => Promise.reject(new Error('away')) }, 'Kafka is set up {}'],
  ])('%s', async (_, over, line) => {
    expect(await tell(over)).toEqual([line]);
  });
});
