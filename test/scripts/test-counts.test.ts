import { add, countFile, countJest, countTap, format } from '../../scripts/test-counts';

const report = (over: object) =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    ...over,
  });

test('a suite that cannot be loaded is a failure', () => {
  expect(countJest(report({ numRuntimeErrorTestSuites: 2, numFailedTests: 1 }))).toEqual({
    passed: 3,
    failed: 3,
    skipped: 0,
  });
});

test('a report without the numbers is an error, not zero failures', () => {
  expect(() => countJest('{}')).toThrow("Jest's report lacks the number numPassedTests");
});

test('TAP: failed and skipped tests', () => {
  const tap = '1..4\nok 1 one\nnot ok 2 two\n# (in test file x)\nok 3 three # skip no docker\nok 4 four\n';
  expect(countTap(tap)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test('TAP: tests that were announced and never ran have failed', () => {
  expect(countTap('1..5\nok 1 one\n')).toEqual({ passed: 1, failed: 4, skipped: 0 });
});

test('TAP without a plan is an error', () => {
  expect(() => countTap('bats: command not found')).toThrow('no plan line');
});

test('sums and says so', () => {
  const sum = add(countFile('a.json', report({ numPendingTests: 1 })), countFile('b.tap', '1..1\nok 1 x\n'));
  expect(format(sum)).toBe('4 passed, 0 failed, 1 skipped');
  expect(format({ passed: 1, failed: 0, skipped: 0 })).toBe('1 passed, 0 failed');
});
