import { randomBytes } from 'node:crypto';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  ConfigSource,
  ResourcePatternTypes,
  type Admin,
  type Kafka,
} from 'kafkajs';
import type { Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { leastInSync, planAcls, planPartitions, planTopics, planUnneeded, type TopicPlan } from './kafka-plan';
import { setUpReplicas } from './replicas';
import type { ScramUsers } from './scram-users';
import { ADMIN, type Users } from './users';

const OFFSETS_TOPIC = '__consumer_offsets';
const LEAST_IN_SYNC = 'min.insync.replicas';

/** Who is to log in, and who may do nothing any more. */
export interface KafkaUsers {
  readonly users: Users;
  /** Of both principals. */
  readonly passwords: { readonly producer: string; readonly processor: string };
  readonly scram: <T>(action: (users: ScramUsers) => Promise<T>) => Promise<T>;
}

/** Brings users, topics and rights to what is planned; a second run changes nothing. */
export async function setUpKafka(
  kafka: Kafka,
  config: ToolsConfig,
  { users, passwords, scram }: KafkaUsers,
  logger: Logger,
): Promise<void> {
  const wanted = [
    { name: users.kafkaProducer, password: passwords.producer },
    { name: users.kafkaProcessor, password: passwords.processor },
  ];
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    // Settings ask for so many replicas in sync: more replicas come before them, fewer after.
    const grows = config.replication_factor > 1;
    if (grows) await setUpReplicas(admin, config.replication_factor, logger);
    await setOffsetsInSync(admin, leastInSync(config));
    for (const plan of planTopics(config)) await setUpTopic(admin, plan, config.replication_factor, logger);
    if (!grows) await setUpReplicas(admin, config.replication_factor, logger);
    const acls = planAcls(config, users);
    // Rights before users: nobody is ever let in with fewer than it needs.
    await admin.createAcls({ acl: acls });
    logger.info({ acls: acls.map(({ principal, resourceName }) => `${principal} ${resourceName}`) }, 'rights are set');
    // Also where they are there: a version that has become current again finds its users locked.
    await scram((scramUsers) => scramUsers.set(wanted));
    logger.info({ users: wanted.map(({ name }) => name) }, 'users are set');
    // Processors that still ask for the quorum of brokers that leave say that they may not, until they are replaced.
    const unneeded = users.retireOthers ? planUnneeded(config, users) : [];
    if (unneeded.length > 0) await admin.deleteAcls({ filters: unneeded });
    if (users.retireOthers) await retireUsers(admin, scram, [ADMIN, ...wanted.map(({ name }) => name)], logger);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Former users get a password that nobody knows, then lose their rights. Users without rights have had theirs before: what
 * was interrupted between the two is done again.
 */
async function retireUsers(
  admin: Admin,
  scram: KafkaUsers['scram'],
  kept: readonly string[],
  logger: Logger,
): Promise<void> {
  const any = {
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  };
  const { resources } = await admin.describeAcls(any);
  const principals = new Set(resources.flatMap(({ acls }) => acls.map(({ principal }) => principal)));
  const former = [...principals]
    .map((principal) => principal.replace(/^User:/, ''))
    .filter((name) => !kept.includes(name));
  if (former.length === 0) return;
  await scram((users) => users.set(former.map((name) => ({ name, password: randomBytes(32).toString('hex') }))));
  await admin.deleteAcls({ filters: former.map((name) => ({ ...any, principal: `User:${name}` })) });
  logger.info({ users: former }, 'former users are locked, their rights are removed');
}

/**
 * Of the groups' offsets, which Kafka makes a topic for by itself. Without, it is a setting of the cluster that was taken
 * from the first broker when the cluster was formed. This call replaces all settings of the topic, so the others go along.
 */
async function setOffsetsInSync(admin: Admin, least: number): Promise<void> {
  const existing = await admin.listTopics();
  if (!existing.includes(OFFSETS_TOPIC)) return;
  const resource = { type: ConfigResourceTypes.TOPIC, name: OFFSETS_TOPIC };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = (resources[0]?.configEntries ?? []).filter(
    ({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG,
  );
  const settings = new Map(own.map(({ configName, configValue }) => [configName, configValue]));
  if (settings.get(LEAST_IN_SYNC) === String(least)) return;
  settings.set(LEAST_IN_SYNC, String(least));
  const configEntries = [...settings].map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
}

async function setUpTopic(admin: Admin, plan: TopicPlan, replicationFactor: number, logger: Logger): Promise<void> {
  const existing = await admin.listTopics();
  if (!existing.includes(plan.topic)) {
    const created = await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: plan.topic,
          numPartitions: plan.partitions,
          replicationFactor,
          configEntries: entries(plan),
        },
      ],
    });
    // A broker that has just started lists no topics yet, and knows better when it is asked to create one.
    if (!created) throw new Error(`topic ${plan.topic} exists, but the broker does not list it yet`);
    logger.info({ topic: plan.topic, partitions: plan.partitions }, 'topic is created');
    return;
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: [plan.topic] });
  const change = planPartitions(plan.topic, topics[0].partitions.length, plan.partitions);
  if (change.kind === 'grow') {
    await admin.createPartitions({ topicPartitions: [{ topic: plan.topic, count: change.to }] });
    logger.info({ topic: plan.topic, partitions: change.to }, 'partitions are added');
  }
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: plan.topic, configEntries: entries(plan) }],
  });
  logger.info({ topic: plan.topic, partitions: plan.partitions }, 'topic is there, its settings are applied');
}

const entries = (plan: TopicPlan): { name: string; value: string }[] =>
  Object.entries(plan.settings).map(([name, value]) => ({ name, value }));
