import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Throttle, THROTTLED } from '../../../../../lib/lab/gateway/front-door/throttle';
import { Timing } from '../../../../../lib/lab/gateway/timing';

test.each([
  ['ssm', 'ListCommands', 'ThrottlingException', 'Rate exceeded', 400],
  ['ssm', 'SendCommand', 'ThrottlingException', 'Rate exceeded', 400],
  ['ec2', 'DescribeVolumes', 'RequestLimitExceeded', 'Request limit exceeded.', 503],
  ['ec2', 'AttachVolume', 'RequestLimitExceeded', 'Request limit exceeded.', 503],
  ['cloudformation', 'DescribeStackResources', 'Throttling', 'Rate exceeded', 400],
  ['cloudformation', 'SignalResource', 'Throttling', 'Rate exceeded', 400],
  ['autoscaling', 'SetInstanceHealth', 'Throttling', 'Rate exceeded', 400],
])('%s %s is refused as AWS does: %s', (service, action, code, message, status) => {
  const throttle = new Throttle({ next: () => 0 });
  expect(() => throttle.check(service, action)).toThrow(expect.objectContaining({ code, message, status }));
});

test('nothing else is refused', () => {
  const throttle = new Throttle({ next: () => 0 });
  throttle.check('ssm', 'GetParameter');
  throttle.check('s3', 'SendCommand');
  throttle.check('toString', 'call');
});

test('every poll of Run Command is among them', () => {
  const source = readFileSync(join(__dirname, '../../../../../lib/ssm/run-command.ts'), 'utf8');
  const calls = [...source.matchAll(/new (\w+)Command\(/g)].map(([, action]) => action!);
  // Sent once, after a wait that failed.
  expect([...new Set(calls)].filter((action) => action !== 'CancelCommand').sort()).toEqual(
    [...THROTTLED.ssm!.actions].sort(),
  );
});

test('a call that was refused succeeds at its next attempt, whoever else calls', () => {
  let now = 0;
  const throttle = new Throttle({ next: () => 0 }, () => now);
  expect(() => throttle.check('ssm', 'SendCommand')).toThrow('Rate exceeded');
  for (now = 1; now < 10_000; now += 999) throttle.check('ssm', 'SendCommand');
  now = 10_000;
  expect(() => throttle.check('ssm', 'SendCommand')).toThrow('Rate exceeded');
});

test('the same seed refuses the same calls, about one in twenty', () => {
  const refusals = (seed: number): number[] => {
    let now = 0;
    const throttle = new Throttle(new Timing('default', seed), () => (now += 10_000));
    const refused: number[] = [];
    for (let call = 0; call < 1000; call++) {
      try {
        throttle.check('ssm', 'SendCommand');
      } catch {
        refused.push(call);
      }
    }
    return refused;
  };
  expect(refusals(7)).toEqual(refusals(7));
  expect(refusals(7)).not.toEqual(refusals(8));
  expect(refusals(7).length).toBeGreaterThan(20);
  expect(refusals(7).length).toBeLessThan(100);
});
