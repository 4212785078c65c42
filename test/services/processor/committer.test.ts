import { pino } from 'pino';
import { Committer, type Position } from '../../../services/processor/committer';

const position = (offset: string, partition = 0): Position => ({ partition, offset, metadata: 'm' });

function setUp(commit: (positions: readonly Position[]) => Promise<void>) {
  const commits: (readonly Position[])[] = [];
  const committer = new Committer({
    intervalMs: 1,
    logger: pino({ level: 'silent' }),
    commit: async (positions) => {
      commits.push(positions);
      await commit(positions);
    },
  });
  return { commits, committer };
}
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('Committer', () => {
  test('repeats a commit that failed, and says so meanwhile', async () => {
    let failures = 1;
    const { commits, committer } = setUp(async () => {
      if (failures-- > 0) throw new Error('broker away');
    });
    committer.note(position('5'));
    await Promise.resolve();
    await Promise.resolve();
    expect(committer.problem).toBe('offsets: broker away');
    await pause();
    expect(commits).toEqual([[position('5')], [position('5')]]);
    expect(committer.problem).toBeUndefined();
  });

  test('a failed commit does not come back after a newer position, nor after a new assignment', async () => {
    const fail: ((error: Error) => void)[] = [];
    const { commits, committer } = setUp(() => new Promise((_, reject) => fail.push(reject)));
    committer.note(position('5'));
    committer.note(position('6'));
    fail[0](new Error('away'));
    await pause();
    expect(commits[1]).toEqual([position('6')]);
    committer.discard();
    fail[1](new Error('rebalance'));
    await pause();
    expect(commits).toHaveLength(2);
  });

  test('after a new assignment it does not wait for a commit that hangs', async () => {
    const { commits, committer } = setUp((positions) =>
      positions[0].offset === '1' ? new Promise(() => undefined) : Promise.resolve(),
    );
    committer.note(position('1'));
    committer.discard();
    committer.note(position('2'));
    await pause();
    expect(commits).toEqual([[position('1')], [position('2')]]);
  });

  test('commits the newest position of each partition, one request at a time', async () => {
    const finish: (() => void)[] = [];
    const { commits, committer } = setUp(() => new Promise((resolve) => finish.push(resolve)));
    committer.note(position('1'));
    committer.note(position('2'));
    committer.note(position('9', 1));
    committer.note(position('3'));
    await pause();
    expect(commits).toEqual([[position('1')]]);
    finish[0]();
    await pause();
    expect(commits[1]).toEqual([position('3'), position('9', 1)]);
    finish[1]();
  });

  test('commits what waits when it is closed, and nothing afterwards', async () => {
    const { commits, committer } = setUp(async () => undefined);
    committer.note(position('1'));
    committer.note(position('2'));
    await committer.close();
    committer.note(position('3'));
    await pause();
    expect(commits.flat().map(({ offset }) => offset)).toEqual(['1', '2']);
  });
});
