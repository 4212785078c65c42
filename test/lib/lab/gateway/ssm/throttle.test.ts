import { Throttle } from '../../../../../lib/lab/gateway/ssm/throttle';
import { Timing } from '../../../../../lib/lab/gateway/timing';

test('refuses in the words of the API what waiting code calls, and nothing else', () => {
  const throttle = new Throttle({ next: () => 0 });
  const refused = expect.objectContaining({ code: 'ThrottlingException', message: 'Rate exceeded' });
  for (const action of ['SendCommand', 'GetCommandInvocation', 'DescribeInstanceInformation', 'ListCommandInvocations'])
    expect(() => throttle.check(action)).toThrow(refused);
  throttle.check('GetParameter');
});

test('a call that was refused succeeds at its next attempt, whoever else calls', () => {
  let now = 0;
  const throttle = new Throttle({ next: () => 0 }, () => now);
  expect(() => throttle.check('SendCommand')).toThrow('Rate exceeded');
  for (now = 1; now < 10_000; now += 999) throttle.check('SendCommand');
  now = 10_000;
  expect(() => throttle.check('SendCommand')).toThrow('Rate exceeded');
});

test('the same seed refuses the same calls, about one in twenty', () => {
  const refusals = (seed: number): number[] => {
    let now = 0;
    const throttle = new Throttle(new Timing('default', seed), () => (now += 10_000));
    const refused: number[] = [];
    for (let call = 0; call < 1000; call++) {
      try {
        throttle.check('SendCommand');
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
