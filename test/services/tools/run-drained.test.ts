import type { Kafka } from 'kafkajs';
import type { KafkaClientOptions } from '../../../services/common/kafka';
import { runDrained } from '../../../services/tools/run-drained';
import { files, printed, tools } from './verb-files';

const admin = {
  connect: async () => undefined,
  disconnect: async () => undefined,
  describeCluster: async () => ({ clusterId: '-luster-1' }),
  fetchOffsets: async () => [{ topic: 'prices', partitions: [{ partition: 0, offset: '7' }] }],
  fetchTopicOffsets: async () => [{ partition: 0, low: '4', high: '7' }],
};
const ask = async (argv: string[], env = {}) => {
  const logins: KafkaClientOptions[] = [];
  const create = (options: KafkaClientOptions) => {
    logins.push(options);
    return { admin: () => admin } as unknown as Kafka;
  };
  const line = await printed((write) => runDrained(argv, env, write, create));
  return { line, login: logins[0] };
};
const own = files({ 'config.yml': tools({}), 'kafka-password-processor': 'word' });

test('a configuration that is missing is told on the line', async () => {
  const { line } = await ask(['--config', '/none.yml', '--secrets', '/none']);
  expect(line).toEqual({ code: 1, drained: false, reason: expect.stringContaining('/none.yml: no such file') });
});

test.each([[['--confg', 'x']], [['id', 'more']]])('arguments that it does not know: %j', async (argv) => {
  const { line } = await ask(argv);
  expect(line).toMatchObject({ code: 1, drained: false, reason: expect.any(String) });
});

test("as the processor's user of an own Kafka", async () => {
  const { line, login } = await ask(own('config'), { METALS_KAFKA_PROCESSOR: 'processor-2' });
  expect(line).toEqual({
    ...{ code: 0, drained: true, records: 0, partitions: 1, cluster: '-luster-1', dead_letters: 3 },
  });
  expect(login).toMatchObject({ connection: { username: 'processor-2' }, password: 'word' });
});

test("as the processor's login of an external one, without the admin's", async () => {
  const external = tools({ kafka: { brokers: ['b-1.example.com:9096'], external: {} }, mongodb: { external: {} } });
  const login = { username: 'reader', password: 'word' };
  const flags = files({ 'config.yml': external, 'kafka-login-processor': login });
  expect((await ask(flags('config'))).login).toMatchObject({ connection: { username: 'reader' }, password: 'word' });
});

test.each([
  ['an id', '-luster-1', { drained: true, same: true, cluster: '-luster-1' }],
  ['another', '--4m0aRBTRS3FhD2Yc1Xag', { drained: true, records: 0 }],
  ['none', '', { drained: true, records: 0 }],
])('the cluster that is moved to: %s', async (_, id, expected) => {
  expect((await ask([id, ...own('config')])).line).toMatchObject({ code: 0, ...expected });
});
