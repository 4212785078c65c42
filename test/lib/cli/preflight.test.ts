import { preflight, preflightRows } from '../../../lib/cli/commands/preflight';
import { readContext } from '../../../lib/cli/context';
import type { Finding, PreflightReport } from '../../../lib/preflight';
import * as room from '../../../lib/preflight';
import { fakeIo } from './fake-io';

jest.mock('../../../lib/preflight', () => ({
  ...jest.requireActual<typeof room>('../../../lib/preflight'),
  runPreflight: jest.fn(),
}));

const line = (verdict: Finding['verdict'], next: string[] = []): Finding => ({
  check: 'zones',
  verdict,
  measured: 'eu-west-1a',
  needed: 'three',
  next,
});
const report = (...findings: Finding[]): PreflightReport => ({
  account: '123456789012',
  region: 'eu-west-1',
  stage: 'prod',
  findings,
});

async function run(seen: PreflightReport, options: object = {}) {
  const mocked = jest.mocked(room.runPreflight).mockReset().mockResolvedValue(seen);
  const io = fakeIo({ AWS_REGION: 'eu-west-1' });
  const context = readContext({ color: true, ...options }, io, new AbortController().signal);
  return { code: await preflight(context, { context: ['workers=3'] }), io, input: mocked.mock.calls[0]![0] };
}

test('one row for each line, what to do on stderr, exit code 3', async () => {
  const { code, io } = await run(report(line('fails', ['set availabilityZones=a'])));
  expect(code).toBe(3);
  expect(io.out()).toMatch(/zones\s+FAILED\s+eu-west-1a\s+three/);
  expect(io.err()).toContain('zones: set availabilityZones=a');
  expect(io.err()).toContain('stage prod, account 123456789012, eu-west-1: a deployment would fail');
});

test('every command reaches what was looked at', async () => {
  const next = ['aws ec2 create-default-vpc', 'npm run metals -- images --update'];
  const { io } = await run(report(line('fails', next)), { stage: 'blue', profile: 'work' });
  expect(io.err()).toContain('zones: aws --region eu-west-1 --profile work ec2 create-default-vpc\n');
  expect(io.err()).toContain('zones: npm run metals -- --stage blue --profile work images --update\n');
  expect(io.err()).toContain('then: npm run metals -- --stage blue --profile work preflight --context workers=3\n');
});

test('--json prints exactly one value', async () => {
  const seen = report(line('refused'));
  const { code, io } = await run(seen, { json: true });
  expect(code).toBe(4);
  expect(JSON.parse(io.out())).toEqual({ ...seen, ready: false });
});

test('cdk.json, the stage and what was typed are the context, the last wins', async () => {
  const { input } = await run(report(line('ok')), { stage: 'blue' });
  expect(input.context).toMatchObject({ stage: 'blue', workers: '3', '@aws-cdk/core:checkSecretUsage': true });
});

test('words of the results', () => {
  const verdicts = ['ok', 'warning', 'fails', 'refused', 'unknown', 'skipped'] as const;
  expect(preflightRows(verdicts.map((verdict) => line(verdict))).map((row) => row[1])).toEqual([
    'result',
    'ok',
    'warning',
    'FAILED',
    'not authorised',
    'not known',
    'skipped',
  ]);
});
