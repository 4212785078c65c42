import { jitteredDelayMs, retryForever } from '../../../services/common/backoff';

const backoff = { baseMs: 1, maxMs: 2 };

describe('jitteredDelayMs', () => {
  test.each([
    [0, 1, 100],
    [3, 1, 800],
    [20, 1, 5_000],
    [1_000, 1, 5_000],
    [3, 0, 0],
    [3, 0.5, 400],
  ])('attempt %i with random %f is %i ms', (attempt, random, expected) => {
    expect(jitteredDelayMs(attempt, { baseMs: 100, maxMs: 5_000 }, () => random)).toBe(expected);
  });
});

describe('retryForever', () => {
  test('repeats until it succeeds and tells each failure', async () => {
    const reasons: string[] = [];
    let calls = 0;
    const result = await retryForever(
      async () => {
        calls += 1;
        if (calls < 4) throw new Error(`failure ${calls}`);
        return calls;
      },
      { backoff, signal: new AbortController().signal, onRetry: ({ message }) => void reasons.push(message) },
    );
    expect(result).toBe(4);
    expect(reasons).toEqual(['failure 1', 'failure 2', 'failure 3']);
  });

  test('an abort ends it, even in the middle of a pause', async () => {
    const stopping = new AbortController();
    const endless = retryForever(() => Promise.reject(new Error('away')), {
      backoff: { baseMs: 60_000, maxMs: 60_000 },
      signal: stopping.signal,
      onRetry: () => void setImmediate(() => stopping.abort(new Error('stopping'))),
    });
    await expect(endless).rejects.toThrow(/abort/i);
  });

  test('does not begin once aborted', async () => {
    const action = jest.fn();
    const signal = AbortSignal.abort(new Error('stopping'));
    await expect(retryForever(action, { backoff, signal, onRetry: () => undefined })).rejects.toThrow('stopping');
    expect(action).not.toHaveBeenCalled();
  });

  test('an error that cannot be cured is thrown at once', async () => {
    const action = jest.fn().mockRejectedValue(new Error('bad request'));
    const signal = new AbortController().signal;
    const request = { backoff, signal, onRetry: () => undefined, isRetriable: () => false };
    await expect(retryForever(action, request)).rejects.toThrow('bad request');
    expect(action).toHaveBeenCalledTimes(1);
  });
});
