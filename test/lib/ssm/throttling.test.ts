import { isThrottled, throughThrottling } from '../../../lib/ssm/throttling';

const named = (name: string): Error => Object.assign(new Error('slow down'), { name });

test.each(['ThrottlingException', 'Throttling', 'RequestLimitExceeded'])('%s is a refusal for rate', (name) => {
  expect(isThrottled(named(name))).toBe(true);
});

test.each([named('AccessDenied'), named('InvalidVolume.NotFound'), 'Throttling', undefined])('%p is none', (error) => {
  expect(isThrottled(error)).toBe(false);
});

test('a look goes on with what it was told, and ends with anything else', async () => {
  const look = (name: string) => throughThrottling(() => Promise.reject(named(name)))();
  await expect(look('RequestLimitExceeded')).resolves.toEqual({ waitingFor: 'RequestLimitExceeded: slow down' });
  await expect(look('AccessDenied')).rejects.toThrow('slow down');
});
