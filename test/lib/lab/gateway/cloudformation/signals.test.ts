import { durationMs, Signals } from '../../../../../lib/lab/gateway/cloudformation/signals';

const STACK = 'arn:aws:cloudformation:eu-west-1:000000000000:stack/metals-lab-swarm/0a';

describe('signals', () => {
  const wait = { stackName: 'metals-lab-swarm', logicalId: 'Group', count: 1, timeoutMs: 1000, sinceMs: 1000 };

  it('are counted by stack, by name or by id', async () => {
    const signals = new Signals(() => 1500);
    signals.receive(STACK, 'Group', 'i-1', 'SUCCESS');
    await signals.wait(wait);
    signals.receive('metals-lab-swarm', 'Other', 'i-1', 'SUCCESS');
    await signals.wait({ ...wait, logicalId: 'Other' });
  });

  it('from before do not count', async () => {
    let now = 500;
    const signals = new Signals(() => now);
    signals.receive(STACK, 'Group', 'i-1', 'SUCCESS');
    now = 2000;
    await expect(signals.wait(wait)).rejects.toThrow(
      'Failed to receive 1 resource signal(s) within the specified duration',
    );
  });

  it('of one instance count once', async () => {
    let now = 1500;
    const signals = new Signals(() => now);
    signals.receive(STACK, 'Group', 'i-1', 'SUCCESS');
    signals.receive(STACK, 'Group', 'i-1', 'SUCCESS');
    now = 2000;
    await expect(signals.wait({ ...wait, count: 2 })).rejects.toThrow('Failed to receive 1 resource signal(s)');
  });

  it('of failure end the wait at once', async () => {
    const signals = new Signals(() => 1500);
    signals.receive(STACK, 'Group', 'i-1', 'FAILURE');
    await expect(signals.wait(wait)).rejects.toThrow('Received 1 FAILURE signal(s) out of 1');
  });

  it('that come while somebody waits are noticed', async () => {
    const signals = new Signals(() => 1500);
    const waiting = signals.wait(wait);
    signals.receive(STACK, 'Group', 'i-1', 'SUCCESS');
    await waiting;
  });
});

describe('durations', () => {
  it.each([
    ['PT15M', 900_000],
    ['PT1H30M', 5_400_000],
    ['P1DT1S', 86_401_000],
  ])('%s', (text, expected) => expect(durationMs(text)).toBe(expected));

  it.each(['15M', 'PT', 'P', 'PT15', 'PT-1M', ''])('refuses %p', (text) =>
    expect(() => durationMs(text)).toThrow('is not an ISO 8601 duration'),
  );
});
