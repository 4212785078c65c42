import type { Kafka } from 'kafkajs';
import type { KafkaClientOptions } from '../../../services/common/kafka';
import { runRewind } from '../../../services/tools/run-rewind';
import { files, printed, tools } from './verb-files';

const admin = {
  connect: async () => undefined,
  disconnect: async () => undefined,
  fetchOffsets: async () => [{ topic: 'prices', partitions: [{ partition: 0, offset: '7' }] }],
  fetchTopicOffsets: async () => [{ partition: 0, low: '4', high: '9' }],
};
const ask = async (argv: string[], env = {}) => {
  const logins: KafkaClientOptions[] = [];
  const create = (options: KafkaClientOptions) => {
    logins.push(options);
    return { admin: () => admin } as unknown as Kafka;
  };
  const line = await printed((write) => runRewind(argv, env, write, create));
  return { line, login: logins[0] };
};
const own = files({ 'config.yml': tools({}), 'kafka-password-processor': 'word' });

test.each([
  ['', 'the request is not JSON: ""'],
  ['{"since":"yesterday"}', 'since: Invalid ISO datetime'],
  ['{"sinc":"x"}', 'request: Unrecognized key: "sinc"'],
])('a request that is none: %j', async (text, reason) => {
  const { line, login } = await ask([text, ...own('config')]);
  expect(line).toEqual({ code: 1, rewound: false, records: 0, partitions: [], reason });
  expect(login).toBeUndefined();
});

test('a configuration that is missing is told on the line', async () => {
  const { line } = await ask(['{}', '--config', '/none.yml', '--secrets', '/none']);
  expect(line).toMatchObject({ code: 1, reason: expect.stringContaining('/none.yml: no such file') });
});

test("it only counts unless it is told otherwise, as the processor's user", async () => {
  const { line, login } = await ask(['{}', ...own('config')], { METALS_KAFKA_PROCESSOR: 'processor-2' });
  expect(line).toEqual({ code: 0, rewound: false, records: 3, partitions: [[0, '7', '4']] });
  expect(login).toMatchObject({ connection: { username: 'processor-2' }, password: 'word' });
});
