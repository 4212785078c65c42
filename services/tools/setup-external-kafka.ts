/** Topics on brokers of somebody else: made where that is allowed, and otherwise told what to make. Users and rights are theirs. */
import { ConfigResourceTypes, ConfigSource, type Admin, type Kafka } from 'kafkajs';
import type { Login } from '../common/kafka-login';
import { errorText, type Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { requireUse } from './external-use';
import { FinalError, isDenied } from './final-error';
import { leastInSync, planExternalTopics, planPartitions, unmetSettings, type TopicPlan } from './kafka-plan';

/** As many copies as there are brokers, up to three. */
const MOST_REPLICAS = 3;

/** A login, and a client that logs in by it. */
export interface KafkaUser {
  readonly login: Login;
  readonly kafka: Kafka;
}

export interface KafkaPrincipals {
  readonly admin: KafkaUser;
  readonly producer: KafkaUser;
  readonly processor: KafkaUser;
}

/** @throws FinalError for what the owner of the cluster has to do */
export async function setUpExternalKafka(
  { admin: { login, kafka }, producer, processor }: KafkaPrincipals,
  config: ToolsConfig,
  logger: Logger,
): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await logIn(() => admin.connect(), login);
  try {
    for (const plan of planExternalTopics(config)) await setUpTopic(admin, plan, login, logger);
  } finally {
    await admin.disconnect();
  }
  await logIn(() => requireUse(producer, [config.prices.name]), producer.login);
  const topics = [config.prices.name, config.dead_letters.name];
  await logIn(() => requireUse(processor, topics, config.consumer_group), processor.login);
  logger.info({ users: [producer.login.username, processor.login.username] }, 'logins may use the topics');
}

async function logIn(action: () => Promise<void>, { username }: Login): Promise<void> {
  try {
    await action();
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSSASLAuthenticationError') throw error;
    throw new FinalError(
      `Kafka refuses the login of ${username}: user or password in the secret kafka-login is another one than ` +
        `the cluster's (${errorText(error)})`,
    );
  }
}

async function setUpTopic(admin: Admin, plan: TopicPlan, { username }: Login, logger: Logger): Promise<void> {
  const { topic, partitions } = plan;
  const listed = await admin.listTopics();
  if (!listed.includes(topic)) {
    await create(admin, plan, username);
    logger.info({ topic, partitions }, 'topic is created');
    return;
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const placed = topics[0].partitions;
  if (planPartitions(topic, placed.length, partitions).kind === 'grow') {
    await orTell(
      () => admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] }),
      `topic ${topic} has ${placed.length} partitions, expected ${partitions}, and ${username} may not add any: ` +
        'add them, or allow Alter on it',
    );
    logger.info({ topic, partitions }, 'partitions are added');
  }
  const replicas = Math.min(...placed.map((partition) => partition.replicas.length));
  await applySettings(admin, withReplicas(plan, replicas), username, logger);
}

const withReplicas = (plan: TopicPlan, replicas: number): TopicPlan => ({
  ...plan,
  settings: { ...plan.settings, 'min.insync.replicas': String(leastInSync({ replication_factor: replicas })) },
});

async function create(admin: Admin, plan: TopicPlan, username: string): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(MOST_REPLICAS, brokers.length);
  const { topic, partitions, settings } = withReplicas(plan, replicationFactor);
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const request = { topic, numPartitions: partitions, replicationFactor, configEntries };
  const created = await orTell(
    () => admin.createTopics({ waitForLeaders: true, topics: [request] }),
    `topic ${topic} is missing, or not shown to ${username}, who may not create it: create it with ` +
      `${partitions} partitions, ${replicationFactor} replicas and ${inWords(settings)}, or allow Create and Describe on it`,
  );
  if (!created)
    throw new FinalError(
      `topic ${topic} is there, but not shown to ${username}: allow Describe and Write or Read on it`,
    );
}

/** Only what differs is changed, and what its owner has set besides stays: the call replaces all settings of a topic. */
async function applySettings(
  admin: Admin,
  { topic, settings }: TopicPlan,
  username: string,
  logger: Logger,
): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  let entries: readonly { configName: string; configValue: string; configSource: ConfigSource }[];
  try {
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    entries = resources[0]?.configEntries ?? [];
  } catch (error) {
    if (!isDenied(error)) throw error;
    logger.warn(
      { topic, expected: settings },
      `${username} may not see the settings of the topic (DescribeConfigs): they are not checked`,
    );
    return;
  }
  const actual = Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
  const unmet = unmetSettings(settings, actual);
  if (Object.keys(unmet).length > 0) {
    const own = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
    const all = {
      ...Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue])),
      ...unmet,
    };
    const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }));
    await orTell(
      () => admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] }),
      `topic ${topic} needs ${inWords(unmet)}, and ${username} may not set it: set it, or allow AlterConfigs on it`,
    );
  }
  logger.info({ topic, changed: unmet }, 'topic is there, with its settings');
}

const inWords = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

/** Instead of a refusal, what it takes. */
async function orTell<T>(action: () => Promise<T>, message: string): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isDenied(error)) throw error;
    throw new FinalError(message);
  }
}
