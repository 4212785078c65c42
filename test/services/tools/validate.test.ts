/** Whether engines are as the setup job leaves them: each difference is told, and what is the same is told as such. */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
  type AclEntry,
  type Admin,
} from 'kafkajs';
import type { MongoClient } from 'mongodb';
import { equals, sameSet, type Check } from '../../../services/tools/check';
import type { ToolsConfig } from '../../../services/tools/config';
import { planAcls, planTopics } from '../../../services/tools/kafka-plan';
import { INDEXES, WRITER_ROLE, writerRole } from '../../../services/tools/setup-mongodb';
import { inWords, validateKafka } from '../../../services/tools/validate-kafka';
import { validateMongo } from '../../../services/tools/validate-mongodb';

const topic = (name: string, partitions: number) => ({
  name,
  partitions,
  retention_hours: 1,
  max_message_bytes: 1_024,
});
const config = {
  kafka: {},
  mongodb: { database: 'metals', collection: 'prices' },
  prices: topic('prices', 2),
  dead_letters: topic('letters', 1),
  kafka_disk_bytes: 2 ** 30,
  replication_factor: 1,
  price_retention_days: 0,
  consumer_group: 'g',
} as unknown as ToolsConfig;
const users = {
  ...{ kafkaProducer: 'producer-2', kafkaProcessor: 'processor-2', mongodbProcessor: 'processor-2' },
  retireOthers: true,
};

const wrong = (checks: readonly Check[]) =>
  checks.filter(({ ok }) => !ok).map(({ subject, expected, actual }) => `${subject}: ${expected} | ${actual}`);

describe('Kafka', () => {
  interface Broker {
    topics: Record<string, { partitions: number; replicas: number; settings: Record<string, string> }>;
    acls: AclEntry[];
  }
  const asPlanned = (): Broker => ({
    topics: Object.fromEntries(
      planTopics(config).map((plan) => [
        plan.topic,
        { partitions: plan.partitions, replicas: 1, settings: { ...plan.settings, 'index.interval.bytes': '4096' } },
      ]),
    ),
    acls: planAcls(config, users),
  });
  const ask = ({ topics, acls }: Broker, over = config, as = users): Promise<Check[]> =>
    validateKafka(
      {
        listTopics: async () => Object.keys(topics),
        fetchTopicMetadata: async ({ topics: [name] }: { topics: [string] }) => {
          const { partitions, replicas } = topics[name]!;
          const one = { replicas: Array.from({ length: replicas }, (_, broker) => broker + 1) };
          return { topics: [{ name, partitions: Array.from({ length: partitions }, () => one) }] };
        },
        describeConfigs: async ({ resources: [{ name }] }: { resources: [{ name: string }] }) => ({
          resources: [
            {
              configEntries: Object.entries(topics[name]!.settings).map(([configName, configValue]) => ({
                configName,
                configValue,
              })),
            },
          ],
        }),
        // One resource for each right, as a broker may put it.
        describeAcls: async () => ({ resources: acls.map((acl) => ({ ...acl, acls: [acl] })) }),
      } as unknown as Admin,
      over,
      as,
    );

  test('as planned', async () => {
    const checks = await ask(asPlanned());
    expect(wrong(checks)).toEqual([]);
    expect(checks.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['topic prices: partitions', 'topic letters: retention.ms', 'rights in Kafka']),
    );
  });

  test('each difference', async () => {
    const broker = asPlanned();
    delete broker.topics.letters;
    Object.assign(broker.topics.prices!, { partitions: 3, replicas: 2 });
    broker.topics.prices!.settings['retention.ms'] = '1';
    delete broker.topics.prices!.settings['compression.type'];
    broker.acls = broker.acls.slice(1);
    expect(wrong(await ask(broker))).toEqual([
      'topic prices: partitions: 2 | 3',
      'topic prices: replicas: 1 | 2',
      'topic prices: retention.ms: 3600000 | 1',
      'topic prices: compression.type: producer | not set',
      'topic letters: is there | is missing',
      expect.stringMatching(/^rights in Kafka: .* \| missing: User:producer-2 may WRITE on TOPIC prices$/),
    ]);
  });

  test('a right that nobody has planned; one of a former user counts once that is locked', async () => {
    const broker = asPlanned();
    const [right] = broker.acls;
    broker.acls = [
      ...broker.acls,
      { ...right!, principal: 'User:producer-1' },
      {
        ...right!,
        principal: 'User:eve',
        permissionType: AclPermissionTypes.DENY,
        host: '10.0.0.1',
        resourcePatternType: ResourcePatternTypes.PREFIXED,
      },
    ];
    const eve = 'User:eve may not WRITE on TOPIC prices (PREFIXED) from 10.0.0.1';
    const told = async (retireOthers: boolean) => wrong(await ask(broker, config, { ...users, retireOthers })).join();
    expect(await told(true)).toMatch(
      new RegExp(`not planned: User:producer-1 may WRITE on TOPIC prices, ${eve.replaceAll(/[()]/g, '\\$&')}$`),
    );
    expect(await told(false)).toMatch(new RegExp(`not planned: ${eve.replaceAll(/[()]/g, '\\$&')}$`));
  });

  test('of brokers of somebody else neither rights nor replicas; more retention is as good', async () => {
    const broker = asPlanned();
    Object.assign(broker, { acls: [] });
    Object.assign(broker.topics.prices!, { replicas: 3 });
    broker.topics.prices!.settings['retention.ms'] = '-1';
    const external = { ...config, kafka: { external: {} } } as unknown as ToolsConfig;
    expect(wrong(await ask(broker, external))).toEqual([]);
  });

  test('a right in words', () => {
    expect(
      inWords({
        ...{ principal: 'User:a', host: '*', operation: AclOperationTypes.READ, resourceName: 'g' },
        ...{ permissionType: AclPermissionTypes.ALLOW, resourceType: AclResourceTypes.GROUP },
        resourcePatternType: ResourcePatternTypes.LITERAL,
      }),
    ).toBe('User:a may READ on GROUP g');
  });
});

describe('MongoDB', () => {
  const state = () => ({
    buildInfo: { version: '8.2' } as Record<string, unknown>,
    indexes: [{ name: '_id_', key: { _id: 1 } }, ...INDEXES.map(({ name, key }) => ({ name, key }))] as Record<
      string,
      unknown
    >[],
    users: [
      { user: 'admin', roles: [{ role: 'root' }] },
      { user: 'processor-2', roles: [{ role: WRITER_ROLE }] },
    ],
    roles: [writerRole(config)] as unknown[],
  });
  const ask = ({ buildInfo, indexes, users: all, roles }: ReturnType<typeof state>, over = config, as = users) =>
    validateMongo(
      {
        db: () => ({
          command: async (command: Record<string, unknown>) =>
            'buildInfo' in command ? buildInfo : 'usersInfo' in command ? { users: all } : { roles },
          collection: () => ({ listIndexes: () => ({ toArray: async () => indexes }) }),
        }),
      } as unknown as MongoClient,
      over,
      as,
    );

  test('as planned', async () => {
    const checks = await ask(state());
    expect(wrong(checks)).toEqual([]);
    expect(checks.map(({ subject }) => subject)).toContain(`rights of the role ${WRITER_ROLE}`);
  });

  test('each difference', async () => {
    const seen = state();
    seen.indexes = [
      { name: 'timestamp', key: { timestamp: -1 } },
      { name: 'expiry', key: { ingested_at: 1 }, expireAfterSeconds: 60 },
      { name: 'mine', key: { price: 1 }, unique: true },
      { name: 'harmless', key: { price: 1 } },
    ];
    seen.users = [
      { user: 'admin', roles: [] },
      { user: 'processor-1', roles: [] },
    ];
    seen.roles = [{ privileges: [{ resource: { db: 'metals', collection: 'prices' }, actions: ['find', 'remove'] }] }];
    expect(wrong(await ask(seen))).toEqual([
      'index timestamp: {"timestamp":1} | {"timestamp":-1}',
      'index metal_timestamp: {"metal":1,"timestamp":-1} | is missing',
      'age of prices: prices are kept for ever | prices are deleted after 60 s',
      'other indexes that refuse or delete prices: none | not planned: mine',
      'users of MongoDB: admin, processor-2 | missing: processor-2; not planned: processor-1',
      `roles of processor-2: ${WRITER_ROLE} | missing: ${WRITER_ROLE}`,
      `rights of the role ${WRITER_ROLE}: find on metals.prices, insert on metals.prices, update on metals.prices, dbStats on metals.* | ` +
        'missing: insert on metals.prices, update on metals.prices, dbStats on metals.*; not planned: remove on metals.prices',
    ]);
    expect(wrong(await ask(seen, config, { ...users, retireOthers: false })).join()).toContain(
      'users of MongoDB: admin, processor-2 | missing: processor-2,',
    );
  });

  test('prices that are to be deleted by age', async () => {
    const seen = state();
    const days = { ...config, price_retention_days: 2 } as ToolsConfig;
    expect(wrong(await ask(seen, days))).toEqual([
      'age of prices: prices are deleted after 172800 s | prices are kept for ever',
    ]);
    seen.indexes.push({ name: 'expiry', key: { ingested_at: 1 }, expireAfterSeconds: 172_800 });
    expect(wrong(await ask(seen, days))).toEqual([]);
  });

  test('the stand-in has neither roles nor ages; of a database of somebody else users are theirs', async () => {
    const stand_in = { ...state(), buildInfo: { ferretdbVersion: 'v1.24' }, roles: [] };
    expect(wrong(await ask(stand_in))).toEqual([]);
    const external = { ...config, mongodb: { ...config.mongodb, external: {} } } as unknown as ToolsConfig;
    expect(wrong(await ask({ ...state(), users: [] }, external))).toEqual([]);
  });
});

test('what is the same, and what is not', () => {
  expect(equals('a', 1, '1').ok).toBe(true);
  expect(sameSet('a', ['x'], ['x'])).toEqual({ subject: 'a', expected: 'x', actual: 'the same', ok: true });
});
