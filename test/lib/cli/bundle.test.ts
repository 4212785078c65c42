/** What is in the archive of `metals bundle`, and when there is none. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DescribeInstancesCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ListAssociationsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { extract } from 'tar';
import { bundle, type BundleOptions } from '../../../lib/cli/commands/bundle';
import { readContext } from '../../../lib/cli/context';
import { documentsAnswer } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const ec2 = mockClient(EC2Client);
const recorded = (name: string): string =>
  JSON.stringify(JSON.parse(readFileSync(path.join(__dirname, 'doctor/recorded', `${name}.json`), 'utf8')));

const header = { stage: 'lab', asked_at: '2026-11-29T15:00:00Z', nodes: { host: 'worker-1' }, lines: 1, left_out: 0 };
/** One line of the service that is asked for. */
const logsOf = ({ Services: [service = ''] = [] }: Record<string, string[]>): string => {
  if (service === 'edge') return 'not what was agreed on';
  const line = `2026-11-29T15:00:00.123456789Z metals_${service}.1.abcdef@host    | a line of ${service}\u001b[31m\n`;
  const more = service === 'kafka';
  return `${JSON.stringify({ ...header, more, searched: 200, remarks: [] })}\n${gzipSync(line).toString('base64')}\n`;
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bundle-test-'));
  documentsAnswer(ssm, {
    ...{
      'stack-status': recorded('status'),
      'swarm-evidence': JSON.stringify({ packed: gzipSync(recorded('swarm')).toString('base64') }),
    },
    'swarm-events': `{"stage":"lab","left_out":0}\n${gzipSync('[]').toString('base64')}\n`,
    ...{ 'node-evidence': recorded('manager-1'), 'service-logs': logsOf, 'stack-deploy': '' },
  });
  ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
  ec2.reset();
  ec2.on(DescribeVolumesCommand).resolves({ Volumes: [] });
  ec2.on(DescribeInstancesCommand).resolves({ Reservations: [{ Instances: [{ InstanceId: 'i-1' }] }] });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(options: BundleOptions, json = false) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const result = await bundle(context, options).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; code: string }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

test('all that explains an incident, for its owner alone', async () => {
  const output = path.join(folder, 'a.tar.gz');
  const { code, out } = await run({ output }, true);
  expect(code).toBe(0);
  expect(parseBySchema('bundle', out)).toEqual({
    ...{ stage: 'lab', file: output, bytes: statSync(output).size },
    missing: {
      'logs/edge.log': expect.stringContaining('not what was agreed on'),
      'logs/kafka.log': 'older lines found no room',
    },
  });
  expect(statSync(output).mode & 0o777).toBe(0o600);
  await extract({ file: output, cwd: folder });
  const inside = readdirSync(folder).find((name) => name.startsWith('metals-lab-2'))!;
  const read = (part: string): string => readFileSync(path.join(folder, inside, part), 'utf8');
  expect(readdirSync(path.join(folder, inside)).sort()).toEqual([
    ...['about.json', 'doctor.json', 'events.json', 'history.json', 'logs', 'status.json'],
  ]);
  expect(JSON.parse(read('about.json'))).toMatchObject({ stage: 'lab', since: '1h', region: 'eu-west-1' });
  expect(JSON.parse(read('doctor.json'))).toMatchObject({ findings: [], evidence: { nodes: [{ slot: 'manager-1' }] } });
  expect(read('logs/producer.log')).toBe('2026-11-29 15:00:00.123 producer.1@worker-1 a line of producer\\x1b[31m\n');
});

test('nothing is left beside the archive, and what is missing is said', async () => {
  const output = path.join(folder, 'a.tar.gz');
  const { out, err } = await run({ output });
  expect(out).toBe(`${output}\n`);
  expect(err).toContain('note: without logs/edge.log: ');
  expect(err).toContain('it holds no secret');
  expect(readdirSync(folder)).toEqual(['a.tar.gz']);
});

test.each([
  [{ since: 'yesterday' }, /--since: got "yesterday"/],
  [{ output: '/nowhere/at/all.tar.gz' }, /there is no folder \/nowhere\/at/],
])('%j is refused before anything is asked', async (options, why) => {
  expect((await run(options)).error).toMatchObject({ code: 'usage', why: expect.stringMatching(why) });
  expect(ssm.calls()).toHaveLength(0);
});

test('a file that is there is not written over', async () => {
  const output = path.join(folder, 'mine');
  writeFileSync(output, 'mine');
  expect((await run({ output })).error).toMatchObject({ code: 'usage' });
  expect(readFileSync(output, 'utf8')).toBe('mine');
  expect(existsSync(output)).toBe(true);
});
