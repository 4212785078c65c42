import { ConfigSource, type Kafka } from 'kafkajs';
import { createLogger } from '../../../services/common/log';
import { toolsConfigSchema } from '../../../services/tools/config';
import { createIsFinal } from '../../../services/tools/final-error';
import { setUpExternalKafka, type KafkaUser } from '../../../services/tools/setup-external-kafka';

const topic = (name: string, partitions: number) => ({
  ...{ name, partitions, retention_hours: 1, max_message_bytes: 2_048 },
});
const config = toolsConfigSchema.parse({
  kafka: { brokers: ['b-1.example.com:9096'], external: {} },
  mongodb: { host: 'mongodb:27017' },
  prices: topic('prices', 6),
  dead_letters: topic('letters', 1),
  kafka_disk_bytes: 2 ** 30,
  consumer_group: 'g',
});

/** As kafkajs 2.2.4 throws what a broker answers. */
const answer = (type: string, name = 'KafkaJSProtocolError') => Object.assign(new Error(type), { type, name });
const denied = () => Promise.reject(answer('TOPIC_AUTHORIZATION_FAILED'));
/** Of several topics at once, as createTopics does. */
const deniedEach = () =>
  Promise.reject(Object.assign(new Error('Topic creation errors'), { errors: [answer('TOPIC_AUTHORIZATION_FAILED')] }));

const WANTED = {
  'cleanup.policy': 'delete',
  'retention.ms': '3600000',
  'max.message.bytes': '2048',
  'message.timestamp.type': 'LogAppendTime',
  'min.insync.replicas': '2',
};
const PRICES: Record<string, string> = { ...WANTED, 'compression.type': 'producer' };
const LETTERS: Record<string, string> = { ...WANTED, 'compression.type': 'uncompressed' };

/** A cluster of three brokers that has both topics; what is changed is written down. */
function cluster(settings: Record<string, Record<string, string>> = { prices: PRICES, letters: LETTERS }) {
  const told: Record<string, unknown> = {};
  const byName = (entries: { name: string; value: string }[]) =>
    Object.fromEntries(entries.map(({ name, value }) => [name, value]));
  const partitions = (count: number) =>
    Array.from({ length: count }, (_, partitionId) => ({ partitionId, replicas: [1, 2, 3] }));
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    describeCluster: async () => ({ brokers: [{}, {}, {}] }),
    listTopics: async () => Object.keys(settings),
    fetchTopicMetadata: async ({ topics: [name] }: any) => ({
      topics: [{ name, partitions: partitions(name === 'prices' ? 6 : 1) }],
    }),
    fetchOffsets: async () => [],
    createTopics: async ({ topics: [{ topic: name, configEntries, ...rest }] }: any) => {
      told[`created ${name}`] = { ...rest, settings: byName(configEntries) };
      return true;
    },
    createPartitions: async ({ topicPartitions }: any) => void (told.added = topicPartitions),
    describeConfigs: async ({ resources: [{ name }] }: any) => ({
      resources: [
        {
          configEntries: Object.entries(settings[name]!).map(([configName, configValue]) => ({
            ...{ configName, configValue, configSource: ConfigSource.TOPIC_CONFIG },
          })),
        },
      ],
    }),
    alterConfigs: async ({ resources: [{ name, configEntries }] }: any) => {
      told[`altered ${name}`] = byName(configEntries);
    },
  };
  return { told, admin };
}

const user = (admin: object, username: string, producer: object = {}): KafkaUser => ({
  login: { username, password: 'secret' },
  kafka: {
    admin: () => admin,
    producer: () => ({ connect: async () => undefined, disconnect: async () => undefined, ...producer }),
  } as unknown as Kafka,
});

async function setUp(
  admin: object,
  { producer = user(cluster().admin, 'writer'), processor = user(cluster().admin, 'reader') } = {},
): Promise<Error | undefined> {
  try {
    await setUpExternalKafka(
      { admin: user(admin, 'metals'), producer, processor },
      config,
      createLogger('test', '0', 'silent'),
    );
    return undefined;
  } catch (error) {
    expect(createIsFinal()(error)).toBe(true);
    return error as Error;
  }
}

test('topics that are as they should be are left alone: it is somebody else’s cluster', async () => {
  const { told, admin } = cluster();
  expect(await setUp(admin)).toBeUndefined();
  expect(told).toEqual({});
});

test('more than is needed is as good, retention without end too', async () => {
  const { told, admin } = cluster({
    prices: { ...PRICES, 'retention.ms': '-1', 'max.message.bytes': '10485760' },
    letters: LETTERS,
  });
  expect(await setUp(admin)).toBeUndefined();
  expect(told).toEqual({});
});

test('a missing topic is made with as many replicas as brokers, up to three, and no bounds of a disk', async () => {
  const { told, admin } = cluster({ prices: PRICES });
  expect(await setUp(admin)).toBeUndefined();
  expect(told).toEqual({ 'created letters': { numPartitions: 1, replicationFactor: 3, settings: LETTERS } });
});

test('only what differs is changed, and what the owner has set besides stays', async () => {
  const { told, admin } = cluster({
    prices: { ...PRICES, 'message.timestamp.type': 'CreateTime', 'segment.bytes': '1048576' },
    letters: LETTERS,
  });
  expect(await setUp(admin)).toBeUndefined();
  expect(told).toEqual({ 'altered prices': { ...PRICES, 'segment.bytes': '1048576' } });
});

describe('one message says what is missing:', () => {
  const wrongSettings = { prices: { ...PRICES, 'cleanup.policy': 'compact' }, letters: LETTERS };
  test.each<[string, object, string]>([
    [
      'a topic that may not be made',
      { ...cluster({ prices: PRICES }).admin, createTopics: deniedEach },
      'topic letters is missing, or not shown to metals, who may not create it: create it with 1 partitions, 3 replicas and ' +
        'cleanup.policy=delete, retention.ms=3600000, max.message.bytes=2048, message.timestamp.type=LogAppendTime, ' +
        'compression.type=uncompressed, min.insync.replicas=2, or allow Create and Describe on it',
    ],
    [
      'a topic that is there and not shown',
      { ...cluster({ prices: PRICES }).admin, createTopics: async () => false },
      'topic letters is there, but not shown to metals: allow Describe and Write or Read on it',
    ],
    [
      'settings that may not be changed',
      { ...cluster(wrongSettings).admin, alterConfigs: denied },
      'topic prices needs cleanup.policy=delete, and metals may not set it: set it, or allow AlterConfigs on it',
    ],
    [
      'a login that is refused',
      { ...cluster().admin, connect: () => Promise.reject(answer('', 'KafkaJSSASLAuthenticationError')) },
      'Kafka refuses the login of metals: user or password in the secret kafka-login is another one than the cluster’s',
    ],
  ])('%s', async (_, admin, message) => {
    expect((await setUp(admin))?.message).toContain(message.replace('’', "'"));
  });

  test('settings that may not be seen are no reason to stop', async () => {
    expect(await setUp({ ...cluster().admin, describeConfigs: denied })).toBeUndefined();
  });

  test('a producer that may not use the topic', async () => {
    const producer = user({ ...cluster().admin, fetchTopicMetadata: denied }, 'writer');
    expect((await setUp(cluster().admin, { producer }))?.message).toBe(
      'writer may not use topic prices: allow Write on it',
    );
  });

  test('a producer that may write nowhere', async () => {
    const refused = { connect: () => Promise.reject(answer('CLUSTER_AUTHORIZATION_FAILED')) };
    const producer = user(cluster().admin, 'writer', refused);
    expect((await setUp(cluster().admin, { producer }))?.message).toBe(
      'writer may write to no topic: allow Write on prices',
    );
  });

  test('a processor that may not use its group', async () => {
    const fetchOffsets = () => Promise.reject(answer('GROUP_AUTHORIZATION_FAILED'));
    const processor = user({ ...cluster().admin, fetchOffsets }, 'reader');
    expect((await setUp(cluster().admin, { processor }))?.message).toBe(
      'reader may not use the consumer group g: allow Read on it',
    );
  });

  test('the same, as kafkajs tells it: a coordinator that it does not find', async () => {
    const error = Object.assign(new Error('Failed to find group coordinator'), {
      name: 'KafkaJSGroupCoordinatorNotFound',
    });
    const processor = user({ ...cluster().admin, fetchOffsets: () => Promise.reject(error) }, 'reader');
    const principals = { admin: user(cluster().admin, 'a'), producer: user(cluster().admin, 'b'), processor };
    const told = await setUpExternalKafka(principals, config, createLogger('t', '0', 'silent')).catch((e) => e);
    expect(told.message).toBe('reader may not use the consumer group g: allow Read on it');
    let nowMs = 0;
    const isFinal = createIsFinal(() => nowMs);
    expect(isFinal(told)).toBe(false);
    nowMs = 19_999;
    expect(isFinal(told)).toBe(false);
    nowMs = 20_000;
    expect(isFinal(told)).toBe(true);
    // Something else between two of them, and time begins anew.
    expect(isFinal(new Error('Connection timeout'))).toBe(false);
    expect(isFinal(told)).toBe(false);
  });
});

test('a cluster that is away is no final error: it may come back', async () => {
  expect(createIsFinal()(new Error('Connection timeout'))).toBe(false);
  const away = { ...cluster().admin, connect: () => Promise.reject(new Error('Connection timeout')) };
  const principals = { admin: user(away, 'a'), producer: user(away, 'b'), processor: user(away, 'c') };
  await expect(setUpExternalKafka(principals, config, createLogger('t', '0', 'silent'))).rejects.toThrow(
    'Connection timeout',
  );
});
