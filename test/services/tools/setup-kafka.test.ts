import { ConfigResourceTypes, type Kafka } from 'kafkajs';
import { createLogger } from '../../../services/common/log';
import type { ToolsConfig } from '../../../services/tools/config';
import { setUpKafka } from '../../../services/tools/setup-kafka';

const topic = (name: string) => ({ name, partitions: 1, retention_hours: 1, max_message_bytes: 1_024 });
const config = {
  prices: topic('prices'),
  dead_letters: topic('letters'),
  kafka_disk_bytes: 2 ** 30,
  replication_factor: 1,
  consumer_group: 'g',
} as ToolsConfig;

/** A broker that has one of the two topics, and writes down how it is told settings. */
function broker() {
  const told: Record<string, Record<string, string>> = {};
  const note = (name: string, entries: { name: string; value: string }[]) => {
    told[name] = Object.fromEntries(entries.map((entry) => [entry.name, entry.value]));
  };
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => ['prices'],
    fetchTopicMetadata: async () => ({ topics: [{ name: 'prices', partitions: [{ partitionId: 0, replicas: [1] }] }] }),
    listPartitionReassignments: async () => ({ topics: [] }),
    createAcls: async () => true,
    createTopics: async ({ topics }: any) => {
      note(`created ${topics[0].topic}`, topics[0].configEntries);
      return true;
    },
    alterConfigs: async ({ resources, validateOnly }: any) => {
      expect([resources[0].type, validateOnly]).toEqual([ConfigResourceTypes.TOPIC, false]);
      note(`altered ${resources[0].name}`, resources[0].configEntries);
    },
  };
  return { told, kafka: { admin: () => admin } as unknown as Kafka };
}

test('a topic that is there gets changed bounds, as a new one does', async () => {
  const { told, kafka } = broker();
  await setUpKafka(kafka, config, createLogger('test', '0', 'silent'));
  const bounds = { 'retention.bytes': '503316480', 'segment.bytes': '33554432' };
  expect(told).toEqual({
    'altered prices': expect.objectContaining(bounds),
    'created letters': expect.objectContaining(bounds),
  });
});
