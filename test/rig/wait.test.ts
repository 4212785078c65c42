import { waitUntil } from './wait';

test('the last reason is in the error, also when looking throws', async () => {
  const waiting = { what: 'kafka', timeoutSeconds: 0.02, intervalMs: 5 };
  await expect(waitUntil(waiting, async () => 'no port')).rejects.toThrow('kafka: not within 0.02 s: no port');
  await expect(waitUntil(waiting, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});

test('it ends as soon as there is no reason left', async () => {
  let looks = 0;
  await waitUntil({ what: 'kafka', timeoutSeconds: 5, intervalMs: 1 }, async () => {
    looks += 1;
    return looks < 3 ? 'not yet' : undefined;
  });
  expect(looks).toBe(3);
});
