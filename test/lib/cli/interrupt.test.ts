import { EventEmitter } from 'node:events';
import { untilInterrupted, watchInterruption } from '../../../lib/cli/interrupt';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function fakeProcess() {
  const exit = jest.fn();
  return { source: Object.assign(new EventEmitter(), { exit }) as unknown as NodeJS.Process, exit };
}

test('work that ends is its own result', async () => {
  await expect(untilInterrupted(Promise.resolve(3), new AbortController().signal, 0)).resolves.toBe(3);
  await expect(untilInterrupted(Promise.reject(new Error('x')), new AbortController().signal, 0)).rejects.toThrow('x');
});

test('interrupted work gets time to stop, and how it ends no longer matters', async () => {
  const controller = new AbortController();
  const stops = sleep(50).then(() => Promise.reject(new Error('AbortError')));
  const waiting = untilInterrupted(stops, controller.signal, 5000);
  controller.abort();
  await expect(waiting).resolves.toBe('interrupted');
});

test('work that does not stop is left after the grace', async () => {
  jest.useFakeTimers();
  const controller = new AbortController();
  const waiting = untilInterrupted(new Promise(() => undefined), controller.signal, 5000);
  controller.abort();
  await jest.advanceTimersByTimeAsync(5000);
  jest.useRealTimers();
  await expect(waiting).resolves.toBe('interrupted');
});

test('the first signal asks, its echo from npm is nothing new, a later one leaves at once', () => {
  jest.useFakeTimers();
  const { source, exit } = fakeProcess();
  const interruption = watchInterruption(source);
  source.emit('SIGINT');
  expect(interruption.signal.aborted).toBe(true);
  source.emit('SIGINT');
  expect([interruption.exitCode(), exit.mock.calls]).toEqual([130, []]);
  jest.advanceTimersByTime(1500);
  source.emit('SIGINT');
  expect(exit).toHaveBeenCalledWith(130);
  jest.useRealTimers();
});

test('SIGTERM is not Ctrl-C', () => {
  const { source } = fakeProcess();
  const interruption = watchInterruption(source);
  source.emit('SIGTERM');
  expect(interruption.exitCode()).toBe(143);
});
