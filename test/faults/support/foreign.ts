/** What another client of the topic may do, which holds the producer's login and nothing else. */
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  ResourcePatternTypes,
  type Message,
} from 'kafkajs';
import type { Rig } from '../../rig/rig';
import { makeEvent } from './events';
import type { ClientEvent } from './observed';
import { DEAD_LETTERS, TOPIC, withAdmin } from './topics';

/** An event as the producer puts it on the topic. */
export function foreignEvent(
  run: string,
  n: number,
  change: Partial<ClientEvent> = {},
): ClientEvent & { schema_version: 1 } {
  return { ...makeEvent(run, n, Date.now()), schema_version: 1, ...change };
}

export const toMessage = (event: { readonly event_id: string }): Message => ({
  key: event.event_id,
  value: JSON.stringify(event),
});

/** In one batch; returns the offset of the first. */
export async function sendForeign(
  rig: Rig,
  partition: number,
  messages: readonly Message[],
  compression = CompressionTypes.None,
): Promise<number> {
  const producer = rig.kafkaClient('producer').producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    const placed = messages.map((message) => ({ ...message, partition }));
    const [answer] = await producer.send({ topic: TOPIC, compression, messages: placed });
    return Number(answer.baseOffset);
  } finally {
    await producer.disconnect();
  }
}

/** Takes the right to write dead letters away, until the function that it returns is called. */
export async function denyDeadLetters(rig: Rig): Promise<() => Promise<void>> {
  const acl = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: DEAD_LETTERS,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:processor',
    host: '*',
    operation: AclOperationTypes.WRITE,
    permissionType: AclPermissionTypes.ALLOW,
  };
  await withAdmin(rig.kafkaClient(), (admin) => admin.deleteAcls({ filters: [acl] }));
  return async () => {
    await withAdmin(rig.kafkaClient(), (admin) => admin.createAcls({ acl: [acl] }));
  };
}
