import { errorText } from '../../../services/common/log';
import { waitFor } from '../../../services/tools/deadline';
import { runSteps, type StepResult } from '../../../services/tools/steps';

describe('runSteps', () => {
  test('stops at the first failure, with its reason and the cause of that', async () => {
    const results: StepResult[] = [];
    const later = jest.fn();
    const passed = await runSteps(
      [
        { name: 'one', run: async () => 'kafka:9092' },
        { name: 'two', run: () => Promise.reject(new Error('no answer', { cause: new Error('ECONNREFUSED') })) },
        { name: 'three', run: later },
      ],
      (result) => results.push(result),
    );
    expect(passed).toBe(false);
    expect(later).not.toHaveBeenCalled();
    expect(results).toEqual([
      { step: 1, name: 'one', ok: true, value: 'kafka:9092', duration_ms: expect.any(Number) },
      {
        step: 2,
        name: 'two',
        ok: false,
        value: null,
        duration_ms: expect.any(Number),
        error: 'no answer: ECONNREFUSED',
      },
    ]);
  });

  test('passes when all pass', async () => {
    expect(await runSteps([{ name: 'one', run: async () => 'fine' }], () => undefined)).toBe(true);
  });
});

describe('waitFor', () => {
  test('fails at the deadline with the last reason', async () => {
    const action = () => Promise.reject(new Error('refused'));
    const error = await waitFor({ what: 'connecting', deadlineMs: 20, action }).catch((caught: unknown) => caught);
    expect(errorText(error)).toBe('connecting failed for 0.02 s: refused');
  });

  test('tells a reason once, however often it recurs', async () => {
    const reasons: string[] = [];
    let calls = 0;
    const result = await waitFor({
      what: 'x',
      deadlineMs: 10_000,
      action: async () => {
        calls += 1;
        if (calls < 3) throw new Error('away');
        return 'here';
      },
      onWait: (reason) => reasons.push(reason),
    });
    expect(result).toBe('here');
    expect(reasons).toEqual(['away']);
  });
});
