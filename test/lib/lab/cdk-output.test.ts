import { lastEvents, otherCdk, progressLine } from '../../../lib/lab/cdk-output';

const event = (status: string, type: string, resource: string): string =>
  `metals-lab-swarm | 12/60 | 8:01:02 PM | ${status.padEnd(20)} | ${type.padEnd(30)} | ${resource} `;

test('documents and nodes that are under way are shown, quick resources are not', () => {
  expect(progressLine(event('CREATE_IN_PROGRESS', 'Custom::RunCommand', 'Runswarminit'))).toBe(
    'metals-lab-swarm: create in progress: Runswarminit',
  );
  expect(progressLine(event('CREATE_COMPLETE', 'AWS::IAM::Role', 'RolesManager'))).toBeUndefined();
});

test('a failure is shown whatever its type, with its reason', () => {
  expect(progressLine(event('CREATE_FAILED', 'AWS::IAM::Role', 'RolesManager no such thing'))).toContain(
    'no such thing',
  );
});

test('the lines that say where cdk is are shown', () => {
  expect(progressLine('metals-lab-data: deploying... [2/4]')).toBe('metals-lab-data: deploying... [2/4]');
  expect(progressLine(' ✅  metals-lab-data (no changes)')).toBe('✅  metals-lab-data (no changes)');
  expect(progressLine('metals-lab-pipeline: success: Built kafka')).toBe('metals-lab-pipeline: success: Built kafka');
});

test.each([
  '',
  'Step 3/11 : ARG VERSION=development',
  '77f4abd78d3e: Pushed',
  'metals-lab-data.ExportsOutputRefSecret = arn:aws:secretsmanager:eu-west-1:000000000000:secret:x',
])('%j goes to the log alone', (line) => {
  expect(progressLine(line)).toBeUndefined();
});

test('a failure is explained by its failed events, or by the end of the output', () => {
  expect(lastEvents(['fine', '❌  metals-lab-swarm failed: reason', ''])).toEqual([
    '❌  metals-lab-swarm failed: reason',
  ]);
  expect(lastEvents(['one', '', 'two'])).toEqual(['one', 'two']);
});

test.each([
  ["Other CLIs (PID=31703) are currently reading from cdk.out. Invoke the CLI in sequence, or use '--output'", '31703'],
  ["Another CLI (PID=7) is currently synthing to cdk.out. Invoke the CLI in sequence, or use '--output'", '7'],
  ['❌  metals-lab-swarm failed: reason', undefined],
])('another deployment at work is known by its process: %s', (line, pid) => {
  expect(otherCdk(['✨  Synthesis time: 9s', line])).toBe(pid);
});
