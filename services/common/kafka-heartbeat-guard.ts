import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup';

interface GroupInternals {
  /** Milliseconds since 1970 of the last heartbeat. */
  lastRequest: number;
  heartbeat(options: { readonly interval: number }): Promise<void>;
}

let installed = false;

/**
 * kafkajs 2.2.4 compares the wall clock with the moment of its last heartbeat. Set back by an hour, the clock silences a
 * member for an hour; the group expels it, and it reads on without being able to commit. Here a last heartbeat that lies
 * in the future counts as overdue.
 */
export function guardHeartbeat(): void {
  if (installed) return;
  const prototype = ConsumerGroup.prototype as unknown as GroupInternals;
  const original = prototype.heartbeat;
  if (typeof original !== 'function') {
    throw new Error('kafkajs has changed: ConsumerGroup.heartbeat is missing, see kafka-heartbeat-guard.ts');
  }
  prototype.heartbeat = async function heartbeat(this: GroupInternals, options: { readonly interval: number }) {
    if (this.lastRequest > Date.now()) this.lastRequest = 0;
    await original.call(this, options);
  };
  installed = true;
}
