import { GaveUpError, waitUntil } from './wait';

test('the last reason is in the error, also when looking throws', async () => {
  const waiting = { what: 'kafka', timeoutSeconds: 0.02, intervalMs: 5 };
  await expect(waitUntil(waiting, async () => 'no port')).rejects.toThrow('kafka: not within 0.02 s: no port');
  await expect(waitUntil(waiting, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});

test('what cannot come any more is not waited for', async () => {
  const startMs = Date.now();
  const look = () => Promise.reject(new GaveUpError('it ended with 78'));
  await expect(waitUntil({ what: 'producer', timeoutSeconds: 60 }, look)).rejects.toThrow('producer: it ended with 78');
  expect(Date.now() - startMs).toBeLessThan(5_000);
});

test('it ends as soon as there is no reason left', async () => {
  let looks = 0;
  await waitUntil({ what: 'kafka', timeoutSeconds: 5, intervalMs: 1 }, async () => {
    looks += 1;
    return looks < 3 ? 'not yet' : undefined;
  });
  expect(looks).toBe(3);
});
