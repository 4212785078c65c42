import { readResourceTags, tagContext } from '../../../../../lib/lab/gateway/authorization/resource-tags';
import { decide } from '../../../../../lib/lab/gateway/authorization/simulate';
import { upstreamLookups } from '../../../../../lib/lab/gateway/authorization/lookups';
import { FakeMinistack } from '../support/fake-ministack';

const OWN = {
  instance: (id: string) => (id === 'i-1' ? { stage: 'test' } : undefined),
  group: (name: string) => (name === 'a-group' ? { slot: 'worker-1' } : undefined),
  document: (name: string) => (name === 'metals-test-x' ? { of: 'document' } : undefined),
};
const SECRET = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:a/b-AbCdEf';

describe('tags of resources', () => {
  let ministack: FakeMinistack;
  beforeAll(async () => {
    ministack = await new FakeMinistack().start();
  });
  afterAll(() => ministack.stop());
  const tagsOf = (arn: string) => readResourceTags(ministack.upstream, OWN, arn);

  it('are the gateway’s for instances, groups and documents', async () => {
    expect(await tagsOf('arn:aws:ec2:eu-west-1:000000000000:instance/i-1')).toEqual({ stage: 'test' });
    expect(await tagsOf('arn:aws:ec2:eu-west-1:000000000000:instance/i-2')).toEqual({});
    expect(await tagsOf('arn:aws:ssm:eu-west-1:000000000000:document/metals-test-x')).toEqual({ of: 'document' });
    const group = 'arn:aws:autoscaling:eu-west-1:000000000000:autoScalingGroup:lab:autoScalingGroupName';
    expect(await tagsOf(`${group}/a-group`)).toEqual({ slot: 'worker-1' });
    expect(await tagsOf(`${group}/another`)).toEqual({});
    expect(ministack.requests).toEqual([]);
  });

  it('are ministack’s for volumes, secrets and parameters', async () => {
    ministack.answer = ({ form, headers, body }) => {
      if (form.Action === 'DescribeTags' && form['Filter.1.Value.1'] === 'vol-1')
        return { body: '<tagSet><item><key>slot</key><value>worker-1</value></item></tagSet>' };
      if (headers['x-amz-target'] === 'secretsmanager.DescribeSecret' && body.includes(SECRET))
        return { body: JSON.stringify({ ARN: SECRET, Tags: [{ Key: 'of', Value: 'secret' }] }) };
      if (headers['x-amz-target'] === 'AmazonSSM.ListTagsForResource' && body.includes('"/metals/x"'))
        return { body: JSON.stringify({ TagList: [{ Key: 'of', Value: 'parameter' }] }) };
      return { status: 400, body: '{"__type":"ResourceNotFoundException","message":"none"}' };
    };
    expect(await tagsOf('arn:aws:ec2:eu-west-1:000000000000:volume/vol-1')).toEqual({ slot: 'worker-1' });
    const asked = ministack.requests.length;
    expect(await tagsOf('arn:aws:ec2:eu-west-1:000000000000:volume/*')).toEqual({});
    expect(ministack.requests).toHaveLength(asked);
    expect(await tagsOf(SECRET)).toEqual({ of: 'secret' });
    expect(await tagsOf('arn:aws:ssm:eu-west-1:000000000000:parameter/metals/x')).toEqual({ of: 'parameter' });
    expect(await tagsOf('arn:aws:ssm:eu-west-1:000000000000:parameter/metals/y')).toEqual({});
  });

  it('show under AWS’s key and the service’s own', () => {
    expect(tagContext('ssm:SendCommand', { a: 'b' })).toEqual({ 'aws:ResourceTag/a': 'b', 'ssm:resourceTag/a': 'b' });
    expect(tagContext('secretsmanager:DescribeSecret', { a: 'b' })).toEqual({ 'aws:ResourceTag/a': 'b' });
    expect(tagContext('ec2:AttachVolume', { a: 'b' })).toEqual({ 'aws:ResourceTag/a': 'b', 'ec2:ResourceTag/a': 'b' });
  });

  it.each([
    ['ec2:AttachVolume', 'arn:aws:ec2:eu-west-1:000000000000:volume/vol-1'],
    ['ssm:SendCommand', 'arn:aws:ec2:eu-west-1:000000000000:instance/i-1'],
    ['ssm:GetParameter', 'arn:aws:ssm:eu-west-1:000000000000:parameter/a'],
    ['secretsmanager:GetSecretValue', SECRET],
    [
      'autoscaling:SetInstanceHealth',
      'arn:aws:autoscaling:eu-west-1:000000000000:autoScalingGroup:u:autoScalingGroupName/a',
    ],
  ])('decide a condition of %s, whatever the key of the tag', async (action, resource) => {
    const judge = (tag: string) => {
      const Condition = { StringEquals: { 'aws:ResourceTag/metals:slot': 'worker-1' } };
      const Statement = [{ Effect: 'Allow', Action: action, Resource: resource, Condition }];
      const context = tagContext(action, { 'metals:slot': tag });
      const principal = 'arn:aws:sts::000000000000:assumed-role/role/i-1';
      return decide({ principal, action, resource, context }, [
        { name: 'p', policy: { Version: '2012-10-17', Statement } },
      ]);
    };
    expect(await judge('worker-1')).toBe('allowed');
    expect(await judge('worker-2')).toBe('implicitly denied');
  });

  it('look up the full ARN of a secret, and stacks', async () => {
    const { secretArn, stackId } = upstreamLookups(ministack.upstream);
    ministack.answer = ({ form }) =>
      form.Action === 'DescribeStacks' && form.StackName !== 'there'
        ? { status: 400, body: '<Code>ValidationError</Code><Message>Stack with id gone does not exist</Message>' }
        : { body: form.Action ? '<StackId>arn:stack</StackId>' : JSON.stringify({ ARN: SECRET }) };
    expect(await secretArn('a/b')).toBe(SECRET);
    expect(await stackId('there')).toBe('arn:stack');
    expect(await stackId('gone')).toBeUndefined();
    ministack.answer = () => ({ status: 400, body: '{"__type":"ResourceNotFoundException","message":"none"}' });
    expect(await secretArn('other')).toBeUndefined();
  });
});
