import { ConfigResourceTypes, type Admin, type Kafka } from 'kafkajs';
import type { Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { planAcls, planPartitions, planTopics, type TopicPlan } from './kafka-plan';

/** One broker: more replicas than that cannot be. */
const REPLICATION_FACTOR = 1;

/** Brings topics and rights to what is planned; a second run changes nothing. */
export async function setUpKafka(kafka: Kafka, config: ToolsConfig, logger: Logger): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    for (const plan of planTopics(config)) await setUpTopic(admin, plan, logger);
    const acls = planAcls(config);
    await admin.createAcls({ acl: acls });
    logger.info({ acls: acls.map(({ principal, resourceName }) => `${principal} ${resourceName}`) }, 'rights are set');
  } finally {
    await admin.disconnect();
  }
}

async function setUpTopic(admin: Admin, plan: TopicPlan, logger: Logger): Promise<void> {
  const existing = await admin.listTopics();
  if (!existing.includes(plan.topic)) {
    const created = await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: plan.topic,
          numPartitions: plan.partitions,
          replicationFactor: REPLICATION_FACTOR,
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
