/** Topics and rights, as the setup job plans them. Nothing is changed. */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  ResourcePatternTypes,
  type AclEntry,
  type Admin,
} from 'kafkajs';
import { equals, sameSet, type Check } from './check';
import type { ToolsConfig } from './config';
import { planAcls, planExternalTopics, planTopics, unmetSettings, type TopicPlan } from './kafka-plan';
import type { Users } from './users';

type Asked = Pick<Admin, 'listTopics' | 'fetchTopicMetadata' | 'describeConfigs' | 'describeAcls'>;

export async function validateKafka(admin: Asked, config: ToolsConfig, users: Users): Promise<Check[]> {
  const isExternal = config.kafka.external !== undefined;
  const plans = isExternal ? planExternalTopics(config) : planTopics(config);
  const listed = await admin.listTopics();
  const checks: Check[] = [];
  for (const plan of plans) checks.push(...(await ofTopic(admin, plan, listed, config, isExternal)));
  // Rights on brokers of somebody else are theirs.
  return isExternal ? checks : [...checks, await ofRights(admin, config, users)];
}

async function ofTopic(
  admin: Asked,
  { topic, partitions, settings }: TopicPlan,
  listed: readonly string[],
  config: ToolsConfig,
  isExternal: boolean,
): Promise<Check[]> {
  if (!listed.includes(topic)) return [equals(`topic ${topic}`, 'is there', 'is missing')];
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const placed = topics[0]!.partitions;
  const counts = [...new Set(placed.map(({ replicas }) => replicas.length))].sort();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  const actual = Object.fromEntries(
    (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
  );
  const unmet = isExternal
    ? unmetSettings(settings, actual)
    : Object.fromEntries(Object.entries(settings).filter(([name, value]) => actual[name] !== value));
  return [
    equals(`topic ${topic}: partitions`, partitions, placed.length),
    ...(isExternal ? [] : [equals(`topic ${topic}: replicas`, config.replication_factor, counts.join(' and '))]),
    // More retention is as good on brokers of somebody else: what is met is told as wanted.
    ...Object.entries(settings).map(([name, wanted]) =>
      equals(`topic ${topic}: ${name}`, wanted, name in unmet ? (actual[name] ?? 'not set') : wanted),
    ),
  ];
}

/** Rights of versions of a user that are still let in are not counted until nothing logs in as them any more. */
async function ofRights(admin: Asked, config: ToolsConfig, users: Users): Promise<Check> {
  const { resources } = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  const actual = resources.flatMap((resource) => resource.acls.map((acl) => inWords({ ...resource, ...acl })));
  const wanted = planAcls(config, users).map(inWords);
  const isCounted = (right: string): boolean =>
    users.retireOthers || wanted.includes(right) || !/^User:(producer|processor)-/.test(right);
  return sameSet('rights in Kafka', wanted, actual.filter(isCounted));
}

type Right = Pick<
  AclEntry,
  'principal' | 'host' | 'operation' | 'permissionType' | 'resourceType' | 'resourceName' | 'resourcePatternType'
>;

/** `User:producer may WRITE on TOPIC metals-prices`; what is unusual of a right is told as well. */
export function inWords(right: Right): string {
  const { principal, host, operation, permissionType, resourceType, resourceName, resourcePatternType } = right;
  const verb = permissionType === AclPermissionTypes.ALLOW ? 'may' : 'may not';
  const pattern =
    resourcePatternType === ResourcePatternTypes.LITERAL
      ? ''
      : ` (${nameOf(ResourcePatternTypes, resourcePatternType)})`;
  const from = host === '*' ? '' : ` from ${host}`;
  return `${principal} ${verb} ${nameOf(AclOperationTypes, operation)} on ${nameOf(AclResourceTypes, resourceType)} ${resourceName}${pattern}${from}`;
}

/** kafkajs has plain objects where its types say enums. */
const nameOf = (all: object, value: number): string =>
  Object.entries(all).find(([, number]) => number === value)?.[0] ?? String(value);
