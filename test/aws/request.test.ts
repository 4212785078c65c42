import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readRequest } from './request';

const ROOT = join(__dirname, '../..');
// Each start of the program compiles it.
jest.setTimeout(60_000);

test('a stage of its own, about which it asks', () => {
  expect(readRequest([])).toEqual({ stage: 'conformance', region: undefined, profile: undefined, agreed: false });
});

test('agreed to beforehand only with the name of the stage that is destroyed', () => {
  expect(readRequest(['--yes-destroy', 'conformance'])).toMatchObject({ stage: 'conformance', agreed: true });
  expect(readRequest(['--stage', 'try', '--yes-destroy', 'try'])).toMatchObject({ stage: 'try', agreed: true });
});

test.each([
  [['--stage', 'prod'], '--stage: "prod" is the stage of production, and the run destroys its stage with its data'],
  [['--stage', 'prod', '--yes-destroy', 'prod'], '"prod" is the stage of production'],
  [
    ['--stage', 'Try_1'],
    '--stage: got "Try_1", expected up to 16 lowercase letters, digits and hyphens, a letter first',
  ],
  [['--stage', ''], '--stage: got ""'],
  [
    ['--stage', 'try', '--yes-destroy', 'conformance'],
    '--yes-destroy: got "conformance", but the stage that would be destroyed is "try"',
  ],
  [['--yes'], "Unknown option '--yes'"],
  [['prod'], "Unexpected argument 'prod'"],
])('refuses %j', (args, why) => {
  expect(() => readRequest(args)).toThrow(
    expect.objectContaining({ why: expect.stringContaining(why), next: [expect.any(String)], exitCode: 2 }),
  );
});

/** Nothing of the environment leads to AWS: whatever asks it fails with another error. */
const start = (...args: string[]) =>
  spawnSync(join(ROOT, 'node_modules/.bin/tsx'), [join(__dirname, 'main.ts'), ...args], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    },
  });

test('production is refused before AWS is asked', () => {
  const { status, stderr } = start('--stage', 'prod', '--region', 'eu-west-1');
  expect(stderr).toMatch(
    /^error: the run against AWS did not start \[usage\]\nwhy: {3}--stage: "prod" is .+\nnext: {2}choose another/,
  );
  expect(status).toBe(2);
});

test('a region that is missing is told in three parts', () => {
  const { status, stderr } = start();
  expect(stderr).toBe(
    'error: the run against AWS did not start [no-region]\nwhy:   no region is set\n' +
      'next:  add --region eu-west-1, or export AWS_REGION=eu-west-1\n',
  );
  expect(status).toBe(2);
});

test('--help is the usage, on stdout', () => {
  const { status, stdout, stderr } = start('--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^usage: npm run test:aws/);
});
