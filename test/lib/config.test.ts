import { readConfig } from '../../lib/config';
import { ConfigError } from '../../lib/config-error';
import * as machineImages from '../../lib/machine-images';

const LAB = { account: '000000000000', region: 'eu-west-1' };
const AWS = { account: '123456789012', region: 'eu-central-1' };
const AMI = { amiId: 'ami-0123456789abcdef0' };

function problemsOf(context: Record<string, unknown>, environment: { account?: string; region?: string } = AWS) {
  try {
    readConfig({ ...AMI, ...context }, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  throw new Error('the configuration was accepted');
}

describe('what is refused', () => {
  it('reports every problem at once, with key, value and what is allowed', () => {
    expect(problemsOf({ workers: 0, managers: '2', vpcCidr: '10.0.0.1/16', kafkaMode: 'raft' })).toEqual([
      'vpcCidr: got "10.0.0.1/16", which has host bits set; did you mean 10.0.0.0/16?, expected an IPv4 range between /16 and /26',
      'managers: got "2", expected 1, 3, 5 or 7: an even number survives no more losses than one less',
      'workers: got 0, expected a whole number from 1 to 20',
      'kafkaMode: got "raft", expected one of kraft, zookeeper',
    ]);
  });

  it('names the nearest key for an unknown one', () => {
    expect(problemsOf({ kafkamode: 'kraft' })).toEqual(['kafkamode: unknown key; did you mean "kafkaMode"?']);
  });

  it('says how to sign in where no account is known', () => {
    const [problem] = problemsOf({}, {});
    expect(problem).toContain('no AWS account is known');
    expect(problem).toContain('. .lab/env');
    expect(problem).toContain('-c account=123456789012');
  });

  it('wants a region', () => {
    expect(problemsOf({}, { account: AWS.account })).toEqual([
      'region: no region is known; export AWS_REGION=eu-west-1',
    ]);
  });

  it('refuses another region than the lab serves', () => {
    expect(problemsOf({}, { account: LAB.account, region: 'us-east-1' })).toEqual([
      'region: got "us-east-1", but the lab serves eu-west-1 only; export AWS_REGION=eu-west-1',
    ]);
  });

  it('breaks images on purpose in the lab only', () => {
    expect(problemsOf({ fault: 'producer-unhealthy' })).toEqual([
      'fault: got "producer-unhealthy", but images are broken on purpose in the lab only',
    ]);
  });

  it('refuses a topic for alarms that is none, or is in another region', () => {
    expect(problemsOf({ alarmTopicArn: 'alarms@example.org', diskAlarmPercent: 100 })).toEqual([
      'diskAlarmPercent: got 100, expected a whole number from 50 to 95',
      'alarmTopicArn: got "alarms@example.org", expected none, or the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:alarms',
    ]);
    expect(problemsOf({ alarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:alarms' })).toEqual([
      'alarmTopicArn: got a topic in us-east-1, but alarms reach topics of their own region, eu-central-1',
    ]);
  });

  it('finds ranges that overlap, the ones of defaults included', () => {
    expect(problemsOf({ frontendCidr: '10.40.1.0/24', backendCidr: '172.17.3.0/24' })).toEqual([
      'vpcCidr 10.40.0.0/16 overlaps frontendCidr 10.40.1.0/24; choose ranges that share no address',
      'dockerBridgeCidr 172.17.0.0/16 overlaps backendCidr 172.17.3.0/24; choose ranges that share no address',
    ]);
  });

  it('places data only on slots that exist', () => {
    expect(problemsOf({ workers: 1, mongodbSlot: 'worker-2' })).toEqual([
      'mongodbSlot: got "worker-2", expected one of manager-1, worker-1',
    ]);
  });

  it('places brokers on slots of their own', () => {
    expect(readConfig({ ...AMI, kafkaBrokers: '3' }, AWS).kafkaOtherSlots).toEqual(['worker-2', 'manager-1']);
    expect(problemsOf({ kafkaBrokers: 2 })[0]).toContain('expected 1 or 3: of two, none may be away');
    expect(problemsOf({ kafkaBrokers: 3, workers: 1 })).toEqual([
      'kafkaBrokers: got 3, each on a slot of its own, but there are 2; set workers as well',
    ]);
    expect(problemsOf({ kafkaBrokers: 3, kafkaOtherSlots: 'worker-1,worker-2' })).toEqual([
      'kafkaOtherSlots: got "worker-1,worker-2", expected 2 slots beside worker-1, one for each of kafkaBrokers=3 but the first',
    ]);
    expect(problemsOf({ kafkaBrokers: 3, kafkaOtherSlots: 'worker-2,worker-9' })).toEqual([
      'kafkaOtherSlots: got "worker-9", expected some of manager-1, worker-1, worker-2',
    ]);
    expect(problemsOf({ kafkaOtherSlots: 'worker-2' })).toEqual([
      'kafkaOtherSlots: got "worker-2", expected 0 slots beside worker-1, one for each of kafkaBrokers=1 but the first',
    ]);
    expect(problemsOf({ kafkaBrokers: 3, kafkaMode: 'zookeeper' })).toEqual([
      'kafkaBrokers: several brokers keep their metadata themselves; leave kafkaMode out',
    ]);
  });

  it.each(['1.5', '-1', 'two', '', ' 2', '1e1', 21])('refuses %p workers', (workers) => {
    expect(problemsOf({ workers })[0]).toContain('expected a whole number from 1 to 20');
  });

  it('refuses a stage that could not name a resource', () => {
    expect(problemsOf({ stage: 'Prod_1' })[0]).toContain('lowercase letters');
  });
});

describe('what depends on the region', () => {
  it('wants a machine image where none is pinned, and says how to pin one', () => {
    const [problem, ...others] = problemsOf({ amiId: undefined });
    expect(problem).toContain('lib/machine-images.json pins no machine image for eu-central-1');
    expect(problem).toContain('./bin/metals ami --update --region eu-central-1');
    expect(problem).toContain('--name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64');
    expect(others).toEqual([]);
  });

  it('names the nearest region where nobody knows this one', () => {
    expect(problemsOf({ amiId: undefined }, { ...AWS, region: 'eu-wset-1' })).toEqual([
      expect.stringMatching(/^region: got "eu-wset-1", an unknown region; did you mean eu-west-1\?$/),
      expect.stringContaining('pins no machine image for eu-wset-1'),
    ]);
  });

  it('uses zones that new accounts have', () => {
    const zones = (region: string) => readConfig(AMI, { ...AWS, region }).availabilityZones;
    expect(zones('eu-central-1')).toEqual(['a', 'b', 'c']);
    expect(zones('ap-northeast-1')).toEqual(['a', 'c', 'd']);
    expect(zones('ca-central-1')).toEqual(['a', 'b', 'd']);
  });

  it('wants zones where each account has others', () => {
    const inCalifornia = { ...AWS, region: 'us-west-1' };
    expect(problemsOf({}, inCalifornia)).toEqual([
      expect.stringContaining('availabilityZones: us-west-1 gives each account other zones'),
    ]);
    expect(readConfig({ ...AMI, availabilityZones: 'b,c' }, inCalifornia).availabilityZones).toEqual(['b', 'c']);
  });

  it('takes the image that is pinned for the region', () => {
    const image = { imageId: 'ami-0fedcba9876543210', name: 'al2023', readAt: '2026-11-26' };
    const read = jest.spyOn(machineImages, 'readPinnedImages').mockReturnValue({ 'eu-central-1': image });
    expect(readConfig({}, AWS).amiId).toBe(image.imageId);
    read.mockReturnValue({ 'eu-west-2': image });
    expect(() => readConfig({}, AWS)).toThrow('pins no machine image for eu-central-1');
    read.mockRestore();
  });
});

describe('what is accepted', () => {
  it('is the lab for account 000000000000, with the lab defaults', () => {
    const config = readConfig({}, LAB);
    expect(config).toMatchObject({ isLab: true, stage: 'lab', overlayEncryption: 'probe', dataRemoval: 'destroy' });
    expect(config).toMatchObject({ snapshotRetentionDays: 7, diskAlarmPercent: 80, alarmTopicArn: 'none' });
  });

  it('keeps data and encrypts overlays on AWS', () => {
    const config = readConfig(AMI, AWS);
    expect(config).toMatchObject({ isLab: false, stage: 'prod', overlayEncryption: 'on', dataRemoval: 'retain' });
    expect(config.snapshotRetentionDays).toBe(7);
  });

  it('invents prices in the lab only, unless it is asked to', () => {
    expect(readConfig({}, LAB).feedEventsPerSecond).toBe(1);
    expect(readConfig({ ...AMI, stage: 'lab' }, AWS).feedEventsPerSecond).toBe(0);
    expect(readConfig({ ...AMI, feedEventsPerSecond: '2' }, AWS).feedEventsPerSecond).toBe(2);
  });

  it('takes no snapshots by itself of data that go with the stacks, because snapshots would stay', () => {
    expect(readConfig({ ...AMI, dataRemoval: 'destroy' }, AWS).snapshotRetentionDays).toBe(0);
    expect(readConfig({ ...AMI, dataRemoval: 'destroy', snapshotRetentionDays: '2' }, AWS).snapshotRetentionDays).toBe(
      2,
    );
  });

  it('takes text from the command line and numbers from cdk.json alike', () => {
    expect(readConfig({ ...AMI, workers: '3', managers: 3, availabilityZones: 'a,b' }, AWS)).toMatchObject({
      workers: 3,
      managers: 3,
      availabilityZones: ['a', 'b'],
    });
  });

  it('puts MongoDB on the only worker where there is one', () => {
    expect(readConfig({ ...AMI, workers: 1 }, AWS).mongodbSlot).toBe('worker-1');
  });

  it("passes over CDK's own keys", () => {
    expect(() =>
      readConfig({ ...AMI, '@aws-cdk/core:x': true, 'aws:cdk:y': 1, 'ssm:account=1': 'ami-1' }, AWS),
    ).not.toThrow();
  });

  it('prefers the context over the credentials', () => {
    expect(readConfig({ ...AMI, account: '210987654321', region: 'us-east-2' }, AWS)).toMatchObject({
      account: '210987654321',
      region: 'us-east-2',
    });
  });
});
