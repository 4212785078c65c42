/** Rights in a Kafka of somebody else, as docs/growing.md says that each principal needs them. */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
  type AclEntry,
  type Kafka,
} from 'kafkajs';
import { TOPIC } from '../../../lib/contract';

/** `Topic:NAME` or `Group:NAME`, and what may be done with it; `*` at the end stands for all that begin so. */
export type Right = readonly [
  on: `${'Topic' | 'Group'}:${string}`,
  ...operations: ('Read' | 'Write' | 'Describe' | 'Create' | 'Alter' | 'AlterConfigs' | 'Delete')[],
];

const PRICES = `Topic:${TOPIC.prices}` as const;
const DEAD_LETTERS = `Topic:${TOPIC.deadLetters}` as const;
const GROUP = 'Group:metals-processor';

export const RIGHTS: Readonly<Record<'admin' | 'producer' | 'processor', readonly Right[]>> = {
  admin: [
    [PRICES, 'Describe', 'Write', 'Create', 'Alter', 'AlterConfigs'],
    [DEAD_LETTERS, 'Describe', 'Read', 'Create', 'Alter', 'AlterConfigs'],
    // Each reading of dead letters has a group of its own: services/tools/dlq-reader.ts.
    ['Group:metals-dlq-*', 'Read', 'Delete'],
  ],
  producer: [[PRICES, 'Write']],
  processor: [
    [PRICES, 'Read'],
    [GROUP, 'Read'],
    [DEAD_LETTERS, 'Write'],
  ],
};

/** All that one user needs who is every principal. */
export const ALL_RIGHTS: readonly Right[] = Object.values(RIGHTS).flat();

/** Rights without those on one kind of thing. */
export const without = (rights: readonly Right[], kind: 'Topic' | 'Group'): Right[] =>
  rights.filter(([on]) => !on.startsWith(`${kind}:`));

function rulesOf(username: string, [on, ...operations]: Right): AclEntry[] {
  const [kind, name = ''] = on.split(':');
  const isPrefix = name.endsWith('*');
  return operations.map((operation) => ({
    principal: `User:${username}`,
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: kind === 'Topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
    resourceName: isPrefix ? name.slice(0, -1) : name,
    resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    operation: OPERATIONS[operation],
  }));
}

const OPERATIONS = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
  Create: AclOperationTypes.CREATE,
  Alter: AclOperationTypes.ALTER,
  AlterConfigs: AclOperationTypes.ALTER_CONFIGS,
  Delete: AclOperationTypes.DELETE,
} as const;

/** Afterwards a user has these rights and no other, at once for what is connected as well. */
export async function setRights(kafka: Kafka, username: string, rights: readonly Right[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ofUser = {
      ...{ principal: `User:${username}`, resourceType: AclResourceTypes.ANY, operation: AclOperationTypes.ANY },
      ...{ resourcePatternType: ResourcePatternTypes.ANY, permissionType: AclPermissionTypes.ANY },
    };
    await admin.deleteAcls({ filters: [ofUser] });
    const acl = rights.flatMap((right) => rulesOf(username, right));
    if (acl.length > 0) await admin.createAcls({ acl });
  } finally {
    await admin.disconnect();
  }
}
