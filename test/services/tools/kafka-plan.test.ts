import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes } from 'kafkajs';
import { parse } from 'yaml';
import { MONGODB, TOPIC } from '../../../lib/contract';
import { toolsConfigSchema } from '../../../services/tools/config';
import {
  partitionBounds,
  planAcls,
  planPartitions,
  planTopics,
  planUnneeded,
} from '../../../services/tools/kafka-plan';

const file = join(__dirname, '../../../assets/stack/config/tools.yml');
const config = toolsConfigSchema.parse(parse(readFileSync(file, 'utf8')));

describe('planPartitions', () => {
  test('fewer than the topic has is refused with what to do: Kafka never removes one', () => {
    expect(() => planPartitions('metals-prices', 8, 6)).toThrow(
      'topic metals-prices has 8 partitions, expected 6: Kafka cannot remove partitions; set the number to what the topic has',
    );
  });
  test('more are added, as many are left', () => {
    expect(planPartitions('t', 3, 6)).toEqual({ kind: 'grow', to: 6 });
    expect(planPartitions('t', 6, 6)).toEqual({ kind: 'none' });
  });
});

test('topics have the names and partitions of the contract, and an explicit retention', () => {
  const [prices, deadLetters] = planTopics(config);
  expect(prices).toMatchObject({ topic: TOPIC.prices, partitions: TOPIC.partitions });
  expect(prices.settings['retention.ms']).toBe(String(168 * 3_600_000));
  expect(deadLetters.topic).toBe(TOPIC.deadLetters);
  expect(config.mongodb).toMatchObject(MONGODB);
});

describe('the disk that records may fill', () => {
  const GIB = 2 ** 30;
  const partitions = config.prices.partitions + config.dead_letters.partitions;

  test.each([1, 10, 512])('is %i GiB for all partitions, with the segment that Kafka keeps beyond its bound', (gib) => {
    const { retentionBytes, segmentBytes } = partitionBounds({ ...config, kafka_disk_bytes: gib * GIB });
    expect((retentionBytes + segmentBytes) * partitions).toBeLessThanOrEqual(gib * GIB);
    expect((retentionBytes + segmentBytes) * partitions).toBeGreaterThan(0.999 * gib * GIB);
    expect(retentionBytes).toBeGreaterThan(10 * segmentBytes);
  });

  test('bounds every topic, in segments of a stated size', () => {
    // Half of the default volume of 20 GiB, by seven partitions: the figures of docs/delivery.md.
    for (const { settings } of planTopics(config)) {
      expect(settings).toMatchObject({ 'retention.bytes': '1438047086', 'segment.bytes': '95869805' });
    }
  });

  test('in more partitions than leave room for a message is refused, with the least that would do', () => {
    const crowded = { ...config, kafka_disk_bytes: GIB, prices: { ...config.prices, partitions: 99 } };
    expect(() => planTopics(crowded)).toThrow(
      'kafka_disk_bytes is 1073741824: shared by 100 partitions it leaves segments of 671088 bytes, which must hold a ' +
        'message of 1572864; set it to at least 2516582400, or have fewer partitions',
    );
  });
});

test('the broker stores prices as they were sent, so that it need not unpack them, and dead letters so that kafkajs reads them', () => {
  expect(planTopics(config).map(({ settings }) => settings['compression.type'])).toEqual(['producer', 'uncompressed']);
});

test("the broker's clock stamps every record: a client's decides neither what is refused nor how long a record is kept", () => {
  expect(planTopics(config).map(({ settings }) => settings['message.timestamp.type'])).toEqual([
    'LogAppendTime',
    'LogAppendTime',
  ]);
});

test.each([
  [1, '1'],
  [3, '2'],
] as const)('with %i replicas, what is acknowledged is on %s', (replication_factor, least) => {
  for (const { settings } of planTopics({ ...config, replication_factor }))
    expect(settings['min.insync.replicas']).toBe(least);
});

test('a dead letter may be larger than any record it carries', () => {
  const [prices, deadLetters] = planTopics(config).map(({ settings }) => Number(settings['max.message.bytes']));
  expect(deadLetters).toBeGreaterThan(prices + 100_000);
});

test('each principal may do what it needs and nothing else', () => {
  const { TOPIC: topic, GROUP: group } = AclResourceTypes;
  const { READ, WRITE } = AclOperationTypes;
  const acls = planAcls(config, { kafkaProducer: 'producer-1', kafkaProcessor: 'processor-2' });
  expect(
    acls.map(({ principal, resourceType, resourceName, operation }) => [
      principal,
      resourceType,
      resourceName,
      operation,
    ]),
  ).toEqual([
    ['User:producer-1', topic, 'metals-prices', WRITE],
    ['User:processor-2', topic, 'metals-prices', READ],
    ['User:processor-2', group, 'metals-processor', READ],
    ['User:processor-2', topic, 'metals-prices.dlq', WRITE],
  ]);
  expect(acls.every(({ permissionType }) => permissionType === AclPermissionTypes.ALLOW)).toBe(true);
});

test('of several brokers the processor may see the quorum, and of one no more', () => {
  const users = { kafkaProducer: 'producer-1', kafkaProcessor: 'processor-2' };
  const ofCluster = {
    principal: 'User:processor-2',
    resourceName: 'kafka-cluster',
    operation: AclOperationTypes.DESCRIBE,
  };
  const several = { ...config, replication_factor: 3 as const };
  expect(planAcls(several, users).at(-1)).toMatchObject(ofCluster);
  expect(planUnneeded(several, users)).toEqual([]);
  expect(planUnneeded(config, users)).toEqual([expect.objectContaining(ofCluster)]);
});
