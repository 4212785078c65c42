/**
 * Prints how much CPU a check of shapes takes, in µs per call: `tsx scripts/bench-shapes.ts DIRECTORY`, where DIRECTORY is
 * botocore's `data` (build/lint/venv/lib/python3.x/site-packages/botocore/data after `npm run lint`).
 */
import { checkExchange } from '../lib/lab/gateway/shapes/check';
import type { Exchange } from '../lib/lab/gateway/shapes/exchange';
import { Models } from '../lib/lab/gateway/shapes/load';

const ROUNDS = 2000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function exchange(requestHeaders: Exchange['requestHeaders'], request: string, answer: string): Exchange {
  const bodies = { requestBody: Buffer.from(request), answerBody: Buffer.from(answer) };
  return { method: 'POST', url: '/', requestHeaders, status: 200, answerHeaders: {}, ...bodies };
}

const instance = (id: number): string =>
  `<item><instancesSet><item><instanceId>i-${id}</instanceId><instanceState><code>16</code><name>running</name></instanceState>` +
  `<launchTime>2026-01-01T00:00:00.000Z</launchTime><tagSet><item><key>a</key><value>b</value></item></tagSet></item></instancesSet></item>`;
const event = (id: number): string =>
  `<member><StackId>s</StackId><EventId>${id}</EventId><StackName>metals</StackName><LogicalResourceId>a</LogicalResourceId>` +
  `<ResourceType>AWS::EC2::Volume</ResourceType><Timestamp>2026-01-01T00:00:00Z</Timestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`;
const times = (count: number, item: (id: number) => string): string =>
  Array.from({ length: count }, (_, id) => item(id)).join('');

const CASES: readonly (readonly [string, string, Exchange])[] = [
  [
    'ssm GetCommandInvocation, 8 KB of output',
    'ssm',
    exchange(
      { 'x-amz-target': 'AmazonSSM.GetCommandInvocation' },
      JSON.stringify({ CommandId: 'c'.repeat(36), InstanceId: 'i-0123456789abcdef0' }),
      JSON.stringify({ CommandId: 'c'.repeat(36), Status: 'Success', StandardOutputContent: 'o'.repeat(8000) }),
    ),
  ],
  [
    'ec2 DescribeInstances, 5 instances',
    'ec2',
    exchange(
      FORM,
      'Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag:a&Filter.1.Value.1=b',
      `<R><requestId>r</requestId><reservationSet>${times(5, instance)}</reservationSet></R>`,
    ),
  ],
  [
    'cloudformation DescribeStackEvents, 100 events',
    'cloudformation',
    exchange(
      FORM,
      'Action=DescribeStackEvents&Version=2010-05-15&StackName=metals',
      `<R><DescribeStackEventsResult><StackEvents>${times(100, event)}</StackEvents></DescribeStackEventsResult></R>`,
    ),
  ],
  [
    's3 PutObject',
    's3',
    { ...exchange({ 'x-amz-meta-a': 'b' }, '', ''), method: 'PUT', url: '/bucket/a/key?x-id=PutObject' },
  ],
];

function main(directory: string | undefined): void {
  if (directory === undefined)
    throw new Error("usage: tsx scripts/bench-shapes.ts DIRECTORY, botocore's data directory");
  const models = new Models(directory);
  for (const [name, service, call] of CASES) {
    const readStarted = process.cpuUsage();
    const model = models.get(service);
    if (!model) throw new Error(`${directory} has no model of ${service}`);
    const read = process.cpuUsage(readStarted);
    const readMilliseconds = (read.user + read.system) / 1000;
    const { problems } = checkExchange(model, call)!;
    if (problems.length > 0) throw new Error(`${name} does not fit: ${JSON.stringify(problems)}`);
    const started = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round += 1) checkExchange(model, call);
    const { user, system } = process.cpuUsage(started);
    const microseconds = (user + system) / ROUNDS;
    process.stdout.write(
      `${name}: ${microseconds.toFixed(0)} µs; its model was read in ${readMilliseconds.toFixed(0)} ms\n`,
    );
  }
}

main(process.argv[2]);
