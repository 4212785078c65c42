import OffsetManager from 'kafkajs/src/consumer/offsetManager';

interface ManagerInternals {
  setDefaultOffset(at: TopicPartition): Promise<void>;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What to do about a position that the topic no longer has: go on from the default one, or stay where it is. */
export type OffsetReset = (at: TopicPartition) => 'reset' | 'stay';

let decide: OffsetReset | undefined;

/**
 * kafkajs 2.2.4 answers an out-of-range position by committing another one: what lies between is skipped, and after
 * that nothing tells. Here it asks first. One decision holds for the whole process; the last one given counts.
 */
export function guardOffsetReset(decision: OffsetReset): void {
  if (decide === undefined) install();
  decide = decision;
}

function install(): void {
  const prototype = OffsetManager.prototype as unknown as ManagerInternals;
  const original = prototype.setDefaultOffset;
  if (typeof original !== 'function') {
    throw new Error('kafkajs has changed: OffsetManager.setDefaultOffset is missing, see kafka-offset-guard.ts');
  }
  prototype.setDefaultOffset = async function setDefaultOffset(this: ManagerInternals, at: TopicPartition) {
    if (decide?.(at) === 'stay') return;
    await original.call(this, at);
  };
}
