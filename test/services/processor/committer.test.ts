import type { Logger } from '../../../services/common/log';
import { Committer, type Position } from '../../../services/processor/committer';

const position = (offset: string, partition = 0): Position => ({ partition, offset, metadata: 'm' });

function setUp(commit: (positions: readonly Position[]) => Promise<void>) {
  const commits: (readonly Position[])[] = [];
  const expulsions: Error[] = [];
  const warnings: object[] = [];
  const committer = new Committer({
    intervalMs: 1,
    logger: { warn: (fields: object) => warnings.push(fields) } as unknown as Logger,
    onExpelled: (error) => expulsions.push(error),
    commit: async (positions) => {
      commits.push(positions);
      await commit(positions);
    },
  });
  return { commits, committer, expulsions, warnings };
}
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

afterEach(() => jest.restoreAllMocks());

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
    while (commits.length < 2) await pause();
    await pause();
    expect(commits).toEqual([[position('5')], [position('5')]]);
    expect(committer.problem).toBeUndefined();
  });

  test.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'])('hands %s on: only another join can help', async (type) => {
    const { committer, expulsions } = setUp(async () => {
      throw Object.assign(new Error('expelled'), { type });
    });
    committer.note(position('5'));
    await pause();
    expect(expulsions.length).toBeGreaterThan(0);
    committer.discard();
  });

  test('an error that may pass is no expulsion', async () => {
    const { committer, expulsions } = setUp(async () => {
      throw Object.assign(new Error('moved'), { type: 'NOT_COORDINATOR_FOR_GROUP' });
    });
    committer.note(position('5'));
    await pause();
    expect(expulsions).toEqual([]);
    committer.discard();
  });

  test('backs off while commits fail: it neither floods the broker nor the log', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    const { committer, commits, warnings } = setUp(async () => {
      throw new Error('away');
    });
    committer.note(position('5'));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // After 0, 200 and 600 ms; each millisecond before there was a back-off.
    expect(commits).toHaveLength(3);
    expect(warnings).toHaveLength(3);
    await committer.close();
    expect(commits).toHaveLength(4);
  });

  test('a failed commit does not come back after a newer position, nor after a new assignment', async () => {
    const fail: ((error: Error) => void)[] = [];
    const { commits, committer } = setUp(() => new Promise((_, reject) => fail.push(reject)));
    committer.note(position('5'));
    committer.note(position('6'));
    fail[0](new Error('away'));
    while (commits.length < 2) await pause();
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
