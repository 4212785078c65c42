import { commandFilter } from '../../../../../lib/lab/gateway/ssm/command-filter';
import type { CommandRecord } from '../../../../../lib/lab/gateway/ssm/command-records';

const command = { documentName: 'metals-lab-stack-deploy', status: 'Success', requestedTime: 1_000 } as CommandRecord;
const matches = (...filters: [string, string][]): boolean =>
  commandFilter(filters.map(([key, value]) => ({ key, value })))(command);

test('all filters must match', () => {
  expect(matches()).toBe(true);
  expect(matches(['DocumentName', 'metals-lab-stack-deploy'], ['Status', 'Success'])).toBe(true);
  expect(matches(['DocumentName', 'metals-lab-stack-deploy'], ['Status', 'Failed'])).toBe(false);
  expect(matches(['InvokedAfter', '1970-01-01T00:16:39Z'], ['InvokedBefore', '1970-01-01T00:16:41Z'])).toBe(true);
  expect(matches(['InvokedAfter', '1970-01-01T00:16:41Z'])).toBe(false);
});

test('one that the lab does not know is refused', () => {
  expect(() => matches(['ExecutionStage', 'Complete'])).toThrow("filter key 'ExecutionStage'; the lab knows");
});
