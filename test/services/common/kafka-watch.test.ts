import { findTopicProblem } from '../../../services/common/kafka-watch';

const expected = [{ topic: 'metals-prices', partitions: 6 }, { topic: 'metals-prices.dlq' }];
const counts = (prices: number, deadLetters: number) =>
  new Map([
    ['metals-prices', prices],
    ['metals-prices.dlq', deadLetters],
  ]);

describe('findTopicProblem', () => {
  test('a topic with fewer partitions than the code sends to would lose events', () => {
    expect(findTopicProblem(expected, counts(1, 1))).toBe(
      'Kafka: topic metals-prices has 1 partitions, expected 6; change the topic or the configuration',
    );
  });
  test('a topic that is missing is named', () => {
    expect(findTopicProblem(expected, new Map([['metals-prices', 6]]))).toBe(
      'Kafka: topic metals-prices.dlq does not exist',
    );
    expect(findTopicProblem(expected, counts(6, 0))).toContain('metals-prices.dlq does not exist');
  });
  test('all is well otherwise; where no number is expected, any will do', () => {
    expect(findTopicProblem(expected, counts(6, 3))).toBeUndefined();
  });
});
