import pino from 'pino';
import type { Admin, Kafka } from 'kafkajs';
import { findBehind, findTopicProblem, KafkaWatch } from '../../../services/common/kafka-watch';

const PRICES = { topic: 'metals-prices', partitions: 6 };
const LETTERS = { topic: 'metals-prices.dlq' };

describe('findTopicProblem', () => {
  test('a topic with fewer partitions than the code sends to would lose events', () => {
    expect(findTopicProblem(PRICES, 1)).toBe(
      'Kafka: topic metals-prices has 1 partitions, expected 6; change the topic or the configuration',
    );
  });
  test('a topic that is missing is named', () => {
    expect(findTopicProblem(LETTERS, 0)).toBe('Kafka: topic metals-prices.dlq does not exist');
  });
  test('all is well otherwise; where no number is expected, any will do', () => {
    expect(findTopicProblem(PRICES, 6)).toBeUndefined();
    expect(findTopicProblem(LETTERS, 3)).toBeUndefined();
  });
});

test('a replica that lacks records is named by its partition and its broker', () => {
  const placed = { partitionId: 3, replicas: [2, 3, 1], isr: [3] };
  expect(findBehind('metals-prices', placed)).toEqual(['metals-prices-3 on broker 2', 'metals-prices-3 on broker 1']);
  expect(findBehind('metals-prices', { ...placed, isr: [1, 2, 3] })).toEqual([]);
});

describe('one look', () => {
  const placed = (_: unknown, partitionId: number) => ({ partitionId, replicas: [1], isr: [1] });
  /** As kafkajs puts the broker's answer: named, and wrapped by its own repetition. */
  const answered = (type: string, text: string): Error =>
    new Error(text, { cause: Object.assign(new Error(text), { type }) });
  const REFUSED = answered(
    'TOPIC_AUTHORIZATION_FAILED',
    'Not authorized to access topics: [Topic authorization failed]',
  );

  /** What the broker answers for each topic; returns what became of a look. */
  async function look(answers: Readonly<Record<string, number | Error>>) {
    let disconnects = 0;
    let asked = 0;
    const admin = {
      connect: async () => undefined,
      disconnect: async () => void (disconnects += 1),
      fetchTopicMetadata: async ({ topics: [name] }: { topics: string[] }) => {
        const answer = answers[name];
        if (answer instanceof Error) throw answer;
        return { topics: [{ name, partitions: Array.from({ length: answer }, placed) }] };
      },
    };
    const watch = new KafkaWatch({
      kafka: { admin: () => admin as unknown as Admin } as Pick<Kafka, 'admin'> as Kafka,
      topics: [PRICES, LETTERS],
      intervalMs: 1_000,
      logger: pino({ level: 'silent' }),
      onCheck: async () => void (asked += 1),
    });
    await watch.check();
    return { problem: watch.problem, ok: watch.ok, isAboutTopics: watch.isAboutTopics, asked, disconnects };
  }

  test('asks more where all is well', async () => {
    expect(await look({ 'metals-prices': 6, 'metals-prices.dlq': 1 })).toEqual({
      problem: undefined,
      ok: true,
      isAboutTopics: false,
      asked: 1,
      disconnects: 0,
    });
  });

  test('a topic of dead letters that may not be used is named, and hides nothing of the rest', async () => {
    expect(await look({ 'metals-prices': 6, 'metals-prices.dlq': REFUSED })).toEqual({
      problem: `Kafka: topic metals-prices.dlq: ${REFUSED.message}`,
      ok: false,
      isAboutTopics: true,
      asked: 1,
      disconnects: 0,
    });
  });

  test('a partition whose broker is gone has another leader soon: the topic is as configured', async () => {
    const leaderless = answered(
      'LEADER_NOT_AVAILABLE',
      'There is no leader for this topic-partition as we are in the middle of a leadership election',
    );
    expect(await look({ 'metals-prices': leaderless, 'metals-prices.dlq': 1 })).toMatchObject({
      problem: `Kafka: topic metals-prices: ${leaderless.message}`,
      isAboutTopics: false,
      disconnects: 0,
    });
  });

  test('without the topic of prices there is nothing more to ask', async () => {
    const missing = answered('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition');
    expect(await look({ 'metals-prices': missing, 'metals-prices.dlq': 1 })).toMatchObject({
      problem: `Kafka: topic metals-prices: ${missing.message}`,
      asked: 0,
    });
  });

  test('a connection that fails is given up, and made anew by the next look', async () => {
    expect(await look({ 'metals-prices': 6, 'metals-prices.dlq': new Error('Connection timeout') })).toMatchObject({
      problem: 'Kafka: Connection timeout',
      isAboutTopics: false,
      asked: 0,
      disconnects: 1,
    });
  });
});
