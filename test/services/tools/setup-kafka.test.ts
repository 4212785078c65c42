import { ConfigResourceTypes, type Kafka } from 'kafkajs';
import { createLogger } from '../../../services/common/log';
import type { ToolsConfig } from '../../../services/tools/config';
import type { ScramUsers } from '../../../services/tools/scram-users';
import { setUpKafka, type KafkaUsers } from '../../../services/tools/setup-kafka';

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
  return { told, admin, kafka: { admin: () => admin } as unknown as Kafka };
}

const silent = createLogger('test', '0', 'silent');

/** The users of a broker; what is done with them is written down in order. */
function kafkaUsers(retireOthers: boolean, done: string[] = []): KafkaUsers {
  const scram: ScramUsers = {
    set: async (users) => void done.push(`set ${users.map(({ name, password }) => `${name}=${password}`)}`),
  };
  return {
    users: { kafkaProducer: 'producer-2', kafkaProcessor: 'processor-2', mongodbProcessor: '', retireOthers },
    passwords: { producer: 'p', processor: 'q' },
    scram: (action) => action(scram),
  };
}

test('a topic that is there gets changed bounds, as a new one does', async () => {
  const { told, kafka } = broker();
  await setUpKafka(kafka, config, kafkaUsers(false), silent);
  const bounds = { 'retention.bytes': '503316480', 'segment.bytes': '33554432' };
  expect(told).toEqual({
    'altered prices': expect.objectContaining(bounds),
    'created letters': expect.objectContaining(bounds),
  });
});

describe('users', () => {
  const SET = 'set producer-2=p,processor-2=q';
  const present = ['admin', 'producer-1', 'processor-1', 'producer-2'];

  test('of the version before stay as long as a task may log in as one of them', async () => {
    const done: string[] = [];
    const { admin } = broker();
    const deleteAcls = jest.fn();
    await setUpKafka(
      { admin: () => ({ ...admin, deleteAcls }) } as unknown as Kafka,
      config,
      kafkaUsers(false, done),
      silent,
    );
    expect(done).toEqual([SET]);
    expect(deleteAcls).not.toHaveBeenCalled();
  });

  test('of the version before are locked in the end and lose their rights, and the administrator never', async () => {
    const done: string[] = [];
    const { admin } = broker();
    const acls = [...present, 'processor-2'].map((name) => ({ principal: `User:${name}` }));
    const ended = {
      ...admin,
      describeAcls: async () => ({ resources: [{ acls }] }),
      deleteAcls: async ({ filters }: any) => void done.push(`rights of ${filters.map((each: any) => each.principal)}`),
    };
    await setUpKafka({ admin: () => ended } as unknown as Kafka, config, kafkaUsers(true, done), silent);
    expect(done).toEqual([
      SET,
      // To look at the quorum of several brokers, of which there is one.
      'rights of User:processor-2',
      expect.stringMatching(/^set producer-1=[0-9a-f]{64},processor-1=[0-9a-f]{64}$/),
      'rights of User:producer-1,User:processor-1',
    ]);
  });

  test('without a former one: nobody is locked', async () => {
    const done: string[] = [];
    const { admin } = broker();
    const ended = {
      ...admin,
      describeAcls: async () => ({ resources: [{ acls: [{ principal: 'User:producer-2' }] }] }),
      deleteAcls: async () => undefined,
    };
    const users = kafkaUsers(true, done);
    await setUpKafka({ admin: () => ended } as unknown as Kafka, config, users, silent);
    expect(done).toEqual([SET]);
  });
});
