/** A disk that fills is reported and raises its own alarm; the volumes are in the policy of snapshots. */
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DISK_METRIC, FILE_SYSTEMS, metricNamespace, TAG } from '../../lib/contract';
import { sendSigned, type Sent } from '../lib/lab/gateway/support/requests';
import { mustRun, mustRunDocument } from './support/commands';
import { metals } from './support/run';
import { stage } from './support/secrets';

jest.setTimeout(300_000);

const SLOTS = ['manager-1', 'worker-1', 'worker-2'];
const FULL = 'worker-1';
const THRESHOLD_PERCENT = 80;
/** Leaves 3 of 20 GiB to Kafka, and is beyond the threshold. */
const FILLED_PERCENT = 85;
const FILE = '/var/lib/docker/lab-test-fill';
const DAY_SECONDS = 86_400;

const shell = (slot: string, commands: string): Promise<string> => mustRun('AWS-RunShellScript', slot, { commands });
const report = (slot: string): Promise<string> => mustRunDocument('node-prepare', slot, { Images: 'none' });

/** The answer of an API whose client is no dependency of the project. */
async function call(service: string, sent: Sent): Promise<any> {
  const port = Number(new URL(process.env.AWS_ENDPOINT_URL!).port);
  const credentials = { secret: process.env.AWS_SECRET_ACCESS_KEY!, accessKeyId: process.env.AWS_ACCESS_KEY_ID! };
  const answer = await sendSigned(port, { service, region: process.env.AWS_REGION, ...credentials, ...sent });
  if (answer.status !== 200) throw new Error(`${service}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}
const cloudWatch = (action: string, params: object): Promise<any> =>
  call('monitoring', {
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `GraniteServiceVersion20100801.${action}`,
    },
    body: JSON.stringify(params),
  });

const inSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** What a slot has reported last since a time, today unless told otherwise, in percent; undefined for nothing. */
async function reported(
  slot: string,
  fileSystem: string,
  since = inSeconds(Date.now()) - DAY_SECONDS + 60,
): Promise<number | undefined> {
  const { Datapoints } = await cloudWatch('GetMetricStatistics', {
    Namespace: metricNamespace(stage()),
    MetricName: DISK_METRIC,
    Dimensions: [
      { Name: 'Slot', Value: slot },
      { Name: 'FileSystem', Value: fileSystem },
    ],
    ...{ StartTime: since, EndTime: inSeconds(Date.now()) + 60, Period: 60, Statistics: ['Maximum'] },
  });
  return Datapoints.sort((a: any, b: any) => a.Timestamp - b.Timestamp).at(-1)?.Maximum;
}

async function alarmStates(): Promise<Record<string, string>> {
  const { MetricAlarms } = await cloudWatch('DescribeAlarms', { AlarmNamePrefix: `metals-${stage()}-` });
  return Object.fromEntries(MetricAlarms.map((alarm: any) => [alarm.AlarmName, alarm.StateValue]));
}
const alarmName = (slot: string, fileSystem: string): string => `metals-${stage()}-${slot}-${fileSystem}-disk`;

const DISKS = SLOTS.flatMap((slot) => FILE_SYSTEMS.map((fileSystem) => [slot, fileSystem] as const));

test('every node has reported both of its disks in the deployment', async () => {
  for (const [slot, fileSystem] of DISKS) {
    const percent = await reported(slot, fileSystem);
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThanOrEqual(100);
  }
});

test('each disk has an alarm, which sees the next report', async () => {
  await Promise.all(SLOTS.map(report));
  const states = await alarmStates();
  expect(Object.keys(states).sort()).toEqual(DISKS.map(([slot, fileSystem]) => alarmName(slot, fileSystem)).sort());
  for (const [slot, fileSystem] of DISKS) expect(['OK', 'ALARM']).toContain(states[alarmName(slot, fileSystem)]);
});

describe('a data volume that fills', () => {
  let filledPercent: number;
  let since: number;

  beforeAll(async () => {
    // Nothing is written: the file's blocks are only reserved. Where volumes are Docker volumes they are the disk of
    // the machine, which is not filled; what it has is reported all the same.
    const fill = `ls /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_* >/dev/null 2>&1 && {
      set -- $(df --output=size,used -B1 /var/lib/docker | tail -n 1)
      fallocate -l $(($1 / 100 * ${FILLED_PERCENT} - $2)) ${FILE}
    }
    df --output=pcent /var/lib/docker | tail -n 1 | tr -dc 0-9
    ls -d ${FILE} 2>/dev/null`;
    const [percent, file] = (await shell(FULL, fill)).split('/');
    filledPercent = Number(percent);
    // The test means something only where the volume is a disk of its own.
    if (file !== undefined && filledPercent < THRESHOLD_PERCENT)
      throw new Error(`${FILE} filled the volume to ${filledPercent} %, expected at least ${THRESHOLD_PERCENT} %`);
    if (file === undefined)
      console.warn('NOT TESTED: the alarm of one full disk, because volumes are the disk of this machine');
    // An earlier run may have left it in ALARM.
    const AlarmName = alarmName(FULL, 'data');
    await cloudWatch('SetAlarmState', { AlarmName, StateValue: 'INSUFFICIENT_DATA', StateReason: 'lab test: disks' });
    since = inSeconds(Date.now());
    await report(FULL);
  });

  afterAll(async () => {
    await shell(FULL, `rm -f ${FILE}`);
    // The alarm itself ends an hour after the last report of a full disk.
    await report(FULL);
  });

  test('is reported as full as it is', async () => {
    expect(filledPercent).toBeGreaterThan(0);
    // Kafka goes on writing meanwhile.
    expect(await reported(FULL, 'data', since)).toBeGreaterThanOrEqual(filledPercent);
  });

  test('raises its own alarm, and no other node’s', async () => {
    const expected = (percent: number) => (percent >= THRESHOLD_PERCENT ? 'ALARM' : 'OK');
    const states = await alarmStates();
    expect(states[alarmName(FULL, 'data')]).toBe(expected(filledPercent));
    const other = (await reported('worker-2', 'data'))!;
    expect(states[alarmName('worker-2', 'data')]).toBe(expected(other));
    const { stdout } = await metals('status', '--json');
    const { notes } = JSON.parse(stdout) as { notes: string[] };
    const raised = Object.keys(states).filter((name) => states[name] === 'ALARM');
    expect(notes.filter((note) => note.startsWith('alarm ')).map((note) => note.split(' ')[1])).toEqual(raised.sort());
  });
});

test('the policy of snapshots means the volumes of the slots, and no other', async () => {
  const { Policies } = await call('dlm', { method: 'GET', path: '/policies' });
  const ofStage = Policies.filter(({ Tags }: any) => Tags[TAG.stage] === stage());
  expect(ofStage).toMatchObject([{ State: 'ENABLED', PolicyType: 'EBS_SNAPSHOT_MANAGEMENT' }]);
  const { Policy } = await call('dlm', { method: 'GET', path: `/policies/${ofStage[0].PolicyId}` });
  const { TargetTags, Schedules } = Policy.PolicyDetails;
  expect(Schedules).toMatchObject([{ RetainRule: { Interval: 7, IntervalUnit: 'DAYS' }, CopyTags: true }]);

  const Filters = TargetTags.map(({ Key, Value }: any) => ({ Name: `tag:${Key}`, Values: [Value] }));
  const { Volumes = [] } = await new EC2Client({}).send(new DescribeVolumesCommand({ Filters }));
  const slots = Volumes.map(({ Tags }) => Tags?.find(({ Key }) => Key === TAG.slot)?.Value);
  expect(slots.sort()).toEqual(SLOTS);
});
