import { AssignerProtocol, type GroupDescription } from 'kafkajs';
import { GroupWatch } from '../../../services/processor/group-watch';

const TOPIC = 'metals-prices';

function described(owners: Record<string, number[]>, state = 'Stable'): GroupDescription {
  const members = Object.entries(owners).map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: 0,
      assignment: { [TOPIC]: partitions },
      userData: Buffer.alloc(0),
    }),
  }));
  return { groupId: 'g', state, members } as unknown as GroupDescription;
}

function watch(isLeader = true) {
  const replaced: string[] = [];
  const own = { memberId: 'a' as string | undefined };
  const subject = new GroupWatch({
    group: 'g',
    topic: TOPIC,
    partitions: 3,
    member: () => ({ memberId: own.memberId, isLeader, replace: (error) => replaced.push(error.message) }),
  });
  const look = (group: GroupDescription, whileAsked = (): void => undefined): Promise<void> =>
    subject.refresh({ describeGroups: async () => (whileAsked(), { groups: [group] }) });
  return { subject, look, replaced, own };
}

describe('GroupWatch', () => {
  test('all is well while the members own all partitions', async () => {
    const { subject, look, replaced } = watch();
    for (let looks = 0; looks < 3; looks += 1) await look(described({ a: [0, 2], b: [1] }));
    expect(subject).toMatchObject({ expelled: false, unowned: [] });
    expect(replaced).toEqual([]);
  });

  test.each([
    ['other members have taken over', described({ b: [0, 1, 2] })],
    ['the group is empty', described({}, 'Empty')],
    ['the group is gone with its broker', described({}, 'Dead')],
  ])('a member that was expelled is told of at once and joins again: %s', async (_, group) => {
    const { subject, look, replaced } = watch(false);
    await look(group);
    expect(subject.expelled).toBe(true);
    expect(replaced).toEqual([]);
    await look(group);
    expect(replaced).toEqual(['group g: it does not know this member; joining again']);
  });

  test('it is told of until the member has joined again', async () => {
    const { subject, look, own } = watch(false);
    await look(described({ b: [0, 1, 2] }));
    own.memberId = undefined;
    expect(subject.expelled).toBe(true);
    own.memberId = 'c';
    expect(subject.expelled).toBe(false);
  });

  test('partitions without an owner are told of at once, and the leader assigns them again', async () => {
    const { subject, look, replaced } = watch();
    await look(described({ a: [0] }));
    expect(subject).toMatchObject({ expelled: false, unowned: [1, 2] });
    await look(described({ a: [0] }));
    expect(replaced).toEqual(['group g: partitions 1, 2 have no owner; joining again']);
  });

  test('a member that does not lead reports them and leaves the group as it is', async () => {
    const { subject, look, replaced } = watch(false);
    for (let looks = 0; looks < 3; looks += 1) await look(described({ a: [], b: [] }));
    expect(subject.unowned).toEqual([0, 1, 2]);
    expect(replaced).toEqual([]);
  });

  test('nothing is decided while members join, while this one has not joined, or if it joins anew meanwhile', async () => {
    const { subject, look, replaced, own } = watch();
    await look(described({ a: [0] }));
    await look(described({}, 'PreparingRebalance'));
    expect(subject).toMatchObject({ expelled: false, unowned: [] });
    await look(described({ a: [0] }), () => (own.memberId = 'c'));
    await look(described({ c: [0] }), () => (own.memberId = undefined));
    await look(described({ b: [0] }));
    expect(subject).toMatchObject({ expelled: false, unowned: [] });
    expect(replaced).toEqual([]);
  });
});
