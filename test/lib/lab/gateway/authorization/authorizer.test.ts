/** How the authorizer decides when to ask again, what it writes down, and what its modes mean. */
import { Authorizer, type AuthorizerDependencies } from '../../../../../lib/lab/gateway/authorization/authorizer';
import type { OperationCall } from '../../../../../lib/lab/gateway/authorization/operation';
import { instancePrincipal } from '../../../../../lib/lab/gateway/authorization/principal';
import type { RecordedCall } from '../../../../../lib/lab/gateway/authorization/recording';
import { NO_LOOKUPS } from './support/lookups';

const allow = (Action: string, Resource: string, Condition?: unknown) => ({
  name: 'p',
  policy: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) }],
  },
});
const ATTACH: OperationCall = {
  ...{ service: 'ec2', operation: 'AttachVolume', params: { VolumeId: 'vol-1', InstanceId: 'i-1' } },
  ...{ method: 'POST', path: '/', query: new URLSearchParams(), targetPrefix: undefined },
};
const stated = async () => [];
const PRINCIPAL = instancePrincipal('role', 'i-1');

function make(overrides: Partial<AuthorizerDependencies>) {
  const recorded: RecordedCall[] = [];
  const logged: string[] = [];
  const authorizer = new Authorizer({
    mode: 'enforce',
    policies: { of: async () => [], stated: async () => [] },
    lookups: NO_LOOKUPS,
    tagsOf: async () => ({}),
    recording: { add: (call) => void recorded.push(call) },
    log: (subject, text) => void logged.push(`${subject}: ${text}`),
    ...overrides,
  });
  return { authorizer, recorded, logged };
}

describe('the authorizer', () => {
  it('denies only by policies that it has just read', async () => {
    const asked: boolean[] = [];
    const of = async (_role: string, fresh = false) => {
      asked.push(fresh);
      return fresh ? [allow('ec2:*', '*')] : [];
    };
    await make({ policies: { of, stated } }).authorizer.authorize(PRINCIPAL, ATTACH);
    expect(asked).toEqual([false, true, false, true]);
  });

  it('knows the instance that asks, and an explicit deny', async () => {
    const own = { ArnEquals: { 'ec2:SourceInstanceARN': 'arn:aws:ec2:eu-west-1:000000000000:instance/i-1' } };
    const grant = allow('ec2:AttachVolume', '*', own);
    const { authorizer } = make({ policies: { of: async () => [grant], stated } });
    await authorizer.authorize(PRINCIPAL, ATTACH);
    await expect(authorizer.authorize(instancePrincipal('role', 'i-2'), ATTACH)).rejects.toThrow(
      'assumed-role/role/i-2',
    );
    const deny = {
      name: 'd',
      policy: { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] },
    };
    const denied = make({ policies: { of: async () => [grant, deny], stated } }).authorizer.authorize(
      PRINCIPAL,
      ATTACH,
    );
    await expect(denied).rejects.toThrow('with an explicit deny in an identity-based policy');
  });

  it('asks for tags only where a condition does', async () => {
    const asked: string[] = [];
    const tagsOf = async (arn: string) => {
      asked.push(arn.split(':')[5]!);
      return { stage: 'test' };
    };
    const plain = [allow('ec2:AttachVolume', '*')];
    await make({ tagsOf, policies: { of: async () => plain, stated } }).authorizer.authorize(PRINCIPAL, ATTACH);
    expect(asked).toEqual([]);
    const tagged = [allow('ec2:AttachVolume', '*', { StringEquals: { 'aws:ResourceTag/stage': 'test' } })];
    await make({ tagsOf, policies: { of: async () => tagged, stated } }).authorizer.authorize(PRINCIPAL, ATTACH);
    expect(asked).toEqual(['volume/vol-1', 'instance/i-1']);
  });

  it('judges the group that an instance belongs to by its tags, and a stack by its id', async () => {
    const group = 'arn:aws:autoscaling:eu-west-1:000000000000:autoScalingGroup:lab:autoScalingGroupName/a';
    const stack = 'arn:aws:cloudformation:eu-west-1:000000000000:stack/s/uuid';
    const granted = [
      allow('autoscaling:SetInstanceHealth', group, { StringEquals: { 'aws:ResourceTag/slot': 'worker-1' } }),
      allow('cloudformation:SignalResource', 'arn:aws:cloudformation:*:*:stack/s/*'),
    ];
    const { authorizer } = make({
      policies: { of: async () => granted, stated },
      tagsOf: async (arn): Promise<Record<string, string>> => (arn === group ? { slot: 'worker-1' } : {}),
      lookups: {
        secretArn: async () => undefined,
        stackId: async (name) => (name === 's' ? stack : undefined),
        groupArn: (of) => ('instanceId' in of && of.instanceId === 'i-1' ? group : undefined),
        instancesOf: () => [],
      },
    });
    const call = (service: string, operation: string, params: object) =>
      authorizer.authorize(PRINCIPAL, { ...ATTACH, service, operation, params });
    await call('autoscaling', 'SetInstanceHealth', { InstanceId: 'i-1', HealthStatus: 'Unhealthy' });
    await call('cloudformation', 'SignalResource', { StackName: 's', LogicalResourceId: 'g' });
    const other = call('autoscaling', 'SetInstanceHealth', { InstanceId: 'i-2', HealthStatus: 'Unhealthy' });
    await expect(other).rejects.toMatchObject({ code: 'AccessDenied', status: 403 });
    await expect(call('cloudformation', 'SignalResource', { StackName: 'none' })).rejects.toThrow('stack/none/*');
  });

  it('only writes down and logs what it would deny, in mode record', async () => {
    const { authorizer, recorded, logged } = make({ mode: 'record' });
    await authorizer.authorize(PRINCIPAL, ATTACH);
    expect(recorded.map(({ decision }) => decision)).toEqual(['implicitly denied']);
    expect(logged).toEqual([expect.stringMatching(/^iam: .* is not authorized to perform: ec2:AttachVolume/)]);
  });

  it('denies what is granted and not yet in effect, and writes that down', async () => {
    const policies = { of: async () => [], stated: async () => [allow('ec2:AttachVolume', '*')] };
    const { authorizer, recorded, logged } = make({ policies });
    await expect(authorizer.authorize(PRINCIPAL, ATTACH)).rejects.toMatchObject({ code: 'UnauthorizedOperation' });
    expect(recorded.map(({ decision }) => decision)).toEqual(['not yet in effect']);
    expect(logged).toContain('iam: role has ec2:AttachVolume, and that is not yet in effect');
  });

  it('does nothing in mode off', async () => {
    const { authorizer, recorded } = make({ mode: 'off' });
    await authorizer.authorize(PRINCIPAL, ATTACH);
    expect(recorded).toEqual([]);
  });

  it('says where to mend a question that makes no sense', async () => {
    const call = { ...ATTACH, service: 'states', operation: 'StartExecution', targetPrefix: 'AWSStepFunctions' };
    const asked = make({}).authorizer.authorize(PRINCIPAL, { ...call, params: { stateMachineArn: 'nonsense' } });
    await expect(asked).rejects.toThrow(/cannot be judged .*authorization\/operations/);
  });
});
