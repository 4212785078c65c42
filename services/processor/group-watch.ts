import { AssignerProtocol, type Admin, type GroupDescription } from 'kafkajs';

/** What the coordinator knows of the group, once its members have agreed. */
export interface GroupFacts {
  readonly members: ReadonlySet<string>;
  readonly owned: ReadonlySet<number>;
}

/** Undefined while the members are joining: then nothing is decided yet. */
export function readGroup({ state, members }: GroupDescription, topic: string): GroupFacts | undefined {
  if (state === 'PreparingRebalance' || state === 'CompletingRebalance') return undefined;
  const owned = members.flatMap(
    ({ memberAssignment }) => AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? [],
  );
  return { members: new Set(members.map(({ memberId }) => memberId)), owned: new Set(owned) };
}

/** This replica's part in the group, as its consumer believes. */
export interface Membership {
  /** Undefined: it has not joined. */
  readonly memberId: string | undefined;
  readonly isLeader: boolean;
  /** Joins again with another consumer. */
  readonly replace: (error: Error) => void;
}

export interface GroupWatchOptions {
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  readonly member: () => Membership;
}

/**
 * Compares with the coordinator: whether it knows this member, and whether each partition has an owner. The first look
 * reports, and the second in a row mends: the member joins again; for partitions without an owner, the leader does.
 */
export class GroupWatch {
  private askedBefore: { readonly memberId: string; readonly wasWrong: boolean } | undefined;
  /** The member that the coordinator did not know. */
  private expelledId: string | undefined;
  /** Partitions that no member of the group reads. */
  unowned: readonly number[] = [];

  constructor(private readonly options: GroupWatchOptions) {}

  /** True while the coordinator does not know this member, until it has joined again. */
  get expelled(): boolean {
    const { memberId = this.expelledId } = this.options.member();
    return memberId !== undefined && memberId === this.expelledId;
  }

  /** Rejects when the broker does not answer. */
  readonly refresh = async (admin: Pick<Admin, 'describeGroups'>): Promise<void> => {
    const { group, topic, partitions, member } = this.options;
    const before = member();
    const { groups } = await admin.describeGroups([group]);
    const facts = groups[0] && readGroup(groups[0], topic);
    const { memberId, isLeader, replace } = member();
    // It joined anew while the question was on its way; the answer is of another generation.
    if (facts === undefined || memberId === undefined || memberId !== before.memberId) return this.forget();
    const isExpelled = !facts.members.has(memberId);
    this.expelledId = isExpelled ? memberId : undefined;
    this.unowned = isExpelled ? [] : range(partitions).filter((partition) => !facts.owned.has(partition));
    const wasWrong = this.askedBefore?.memberId === memberId && this.askedBefore.wasWrong;
    const isMine = isExpelled || (this.unowned.length > 0 && isLeader);
    this.askedBefore = { memberId, wasWrong: isMine };
    if (!wasWrong || !isMine) return;
    this.askedBefore = undefined;
    const why = isExpelled ? 'it does not know this member' : `partitions ${this.unowned.join(', ')} have no owner`;
    replace(new Error(`group ${group}: ${why}; joining again`));
  };

  private forget(): void {
    this.askedBefore = undefined;
    this.expelledId = undefined;
    this.unowned = [];
  }
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
