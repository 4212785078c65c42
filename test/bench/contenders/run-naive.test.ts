import { readResult } from './run-naive';

const RESULT = { events: 10, seconds: 1, perSecond: 10, cpuMicrosPerEvent: 300 };

test('a run without a result is an error that shows its output', () => {
  expect(() => readResult('NAIVE CONTENDER\n{"level":"ERROR"}\n')).toThrow('printed no result: NAIVE CONTENDER');
});

test('the result is found wherever the lines of both streams were put together', () => {
  expect(readResult(`NAIVE CONTENDER\nresult ${JSON.stringify(RESULT)}\n{"level":"ERROR"}\n`)).toEqual(RESULT);
});
