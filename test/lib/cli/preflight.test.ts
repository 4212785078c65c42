import { preflight, preflightRows } from '../../../lib/cli/commands/preflight';
import { readContext } from '../../../lib/cli/context';
import type { Finding, PreflightReport } from '../../../lib/preflight';
import * as room from '../../../lib/preflight';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

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
  const next = ['aws ec2 create-default-vpc', './bin/metals images --update'];
  const { io } = await run(report(line('fails', next)), { stage: 'blue', profile: 'work' });
  expect(io.err()).toContain('zones: aws --region eu-west-1 --profile work ec2 create-default-vpc\n');
  expect(io.err()).toContain('zones: ./bin/metals --stage blue --profile work images --update\n');
  expect(io.err()).toContain('then: ./bin/metals --stage blue --profile work preflight --context workers=3\n');
});

test('--json prints exactly one value', async () => {
  const seen = report(line('refused'));
  const { code, io } = await run(seen, { json: true });
  expect(code).toBe(4);
  expect(parseBySchema('preflight', io.out())).toEqual({ ...seen, ready: false });
});

test('cdk.json, the stage and what was typed are the context, the last wins', async () => {
  const { input } = await run(report(line('ok')), { stage: 'blue' });
  expect(input.context).toMatchObject({ stage: 'blue', workers: '3', '@aws-cdk/core:checkSecretUsage': true });
});

describe('settings are checked before anybody is asked', () => {
  const refusal = async (settings: string[], env: NodeJS.ProcessEnv = { AWS_REGION: 'eu-west-1' }) => {
    const mocked = jest.mocked(room.runPreflight).mockReset().mockResolvedValue(report());
    const context = readContext({ color: true }, fakeIo(env), new AbortController().signal);
    const error: unknown = await preflight(context, { context: settings }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(mocked).toHaveBeenCalledTimes(error ? 0 : 1);
    return error;
  };

  test.each([
    ['workers=0', 'workers: got "0", expected a whole number from 1 to 20'],
    ['kafkamode=zookeeper', 'kafkamode: unknown key; did you mean "kafkaMode"?'],
    ['mongodbSlot=worker-9', 'mongodbSlot: got "worker-9", expected one of manager-1, worker-1, worker-2'],
    ['fault=producer-unhealthy', 'fault: got "producer-unhealthy", but images are broken on purpose in the lab only'],
  ])('%s', async (setting, why) => {
    expect(await refusal([setting])).toMatchObject({
      what: 'the preflight could not be made',
      why: expect.stringContaining(why),
      next: ['./bin/metals preflight --help', 'lib/config.ts describes every setting'],
      exitCode: 2,
    });
  });

  test('those that are right pass, and in the lab those of the lab', async () => {
    const topic = 'alarmTopicArn=arn:aws:sns:eu-west-3:123456789012:alarms';
    expect(await refusal(['workers=3', topic], { AWS_REGION: 'eu-west-3' })).toBeUndefined();
    expect(await refusal(['fault=producer-unhealthy'], LAB_ENV)).toBeUndefined();
  });
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
