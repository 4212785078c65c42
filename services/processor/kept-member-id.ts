import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup';

interface GroupInternals {
  readonly groupId: string;
  memberId: string | null;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
}

/** By group: as whom this process was a member last, and has not left. One consumer of a group at a time. */
const members = new Map<string, string>();
let installed = false;

/**
 * A consumer that takes the place of one that has crashed joins as the same member. kafkajs 2.2.4 begins each as a new
 * one, and then the coordinator waits for the one before, which nobody is any more, until its session ends: after a
 * restart of the broker nothing was stored for that long. A coordinator that does not know the member says so, and
 * kafkajs then joins as a new one by itself.
 */
export function keepMemberId(): void {
  if (installed) return;
  const prototype = ConsumerGroup.prototype as unknown as GroupInternals;
  const { joinAndSync, leave } = prototype;
  if (typeof joinAndSync !== 'function' || typeof leave !== 'function') {
    throw new Error('kafkajs has changed: ConsumerGroup lacks joinAndSync or leave, see kept-member-id.ts');
  }
  prototype.joinAndSync = async function join(this: GroupInternals) {
    this.memberId ??= members.get(this.groupId) ?? null;
    try {
      await joinAndSync.call(this);
    } finally {
      // Also of one that has got its id and no assignment.
      if (this.memberId === null) members.delete(this.groupId);
      else members.set(this.groupId, this.memberId);
    }
  };
  prototype.leave = async function leaveAndForget(this: GroupInternals) {
    await leave.call(this);
    members.delete(this.groupId);
  };
  installed = true;
}
