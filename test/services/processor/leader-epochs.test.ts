import { LeaderEpochs } from '../../../services/processor/leader-epochs';

const records = (...epochs: number[]) =>
  epochs.map((leaderEpoch) => ({ batchContext: { producerId: '-1', inTransaction: false, leaderEpoch } }));

describe('LeaderEpochs', () => {
  test('the first records after an assignment follow on nothing', () => {
    expect(new LeaderEpochs().isBroken(0, records(4))).toBe(false);
  });

  test('records of the epoch that was read last follow on, whatever epoch they end with', () => {
    const subject = new LeaderEpochs();
    subject.read(0, records(4));
    expect(subject.isBroken(0, records(4, 5))).toBe(false);
    subject.read(0, records(4, 5));
    expect(subject.isBroken(0, records(5))).toBe(false);
  });

  test.each([5, 3])('records of epoch %i do not follow on those of epoch 4', (epoch) => {
    const subject = new LeaderEpochs();
    subject.read(0, records(4));
    expect(subject.isBroken(0, records(epoch, 4))).toBe(true);
  });

  test('each partition has its own, an answer without records says nothing, and an assignment forgets', () => {
    const subject = new LeaderEpochs();
    subject.read(0, records(4));
    subject.read(0, []);
    expect(subject.isBroken(1, records(7))).toBe(false);
    expect(subject.isBroken(0, [])).toBe(false);
    expect(subject.isBroken(0, records(5))).toBe(true);
    subject.clear();
    expect(subject.isBroken(0, records(5))).toBe(false);
  });
});
