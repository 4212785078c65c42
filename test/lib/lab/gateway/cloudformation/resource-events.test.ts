import {
  changedProperties,
  createResourceEvents,
  fittingReason,
  resourceOutcome,
  type ResourceEvent,
} from '../../../../../lib/lab/gateway/cloudformation/resource-events';
import { Progress } from '../../../../../lib/lab/gateway/cloudformation/progress';
import { FakeMinistack } from '../support/fake-ministack';
import type { Properties, ResourceHandler } from '../../../../../lib/lab/gateway/types';

const calls: string[] = [];
const handler = (overrides: Partial<ResourceHandler> = {}): ResourceHandler => ({
  type: 'AWS::EC2::Volume',
  replaceOn: ['AvailabilityZone'],
  create: (_properties, { stackName, logicalId }) => {
    calls.push(`create ${stackName}/${logicalId}`);
    return Promise.resolve({ physicalId: 'vol-new', attributes: { VolumeId: 'vol-new' } });
  },
  update: (physicalId) => {
    calls.push(`update ${physicalId}`);
    return Promise.resolve({ physicalId, attributes: { VolumeId: physicalId } });
  },
  delete: (physicalId) => {
    calls.push(`delete ${physicalId}`);
    return Promise.resolve();
  },
  ...overrides,
});

const event = (overrides: Partial<ResourceEvent>): ResourceEvent => ({
  RequestType: 'Create',
  RequestId: 'r',
  ResponseURL: 'http://127.0.0.1:4567/_ministack/cfn-response/token?x=1',
  ResourceType: 'Custom::AWS-EC2-Volume',
  LogicalResourceId: 'Data',
  StackId: 'arn:aws:cloudformation:eu-west-1:000000000000:stack/metals-lab-swarm/uuid',
  ResourceProperties: { ServiceToken: 'arn', Size: '8' },
  ...overrides,
});

const outcome = (overrides: Partial<ResourceEvent>, served = handler()) =>
  resourceOutcome(event(overrides), new Map([[served.type, served]]));

const update = (properties: Properties, old: Properties): Partial<ResourceEvent> => ({
  RequestType: 'Update',
  PhysicalResourceId: 'vol-1',
  ResourceProperties: properties,
  OldResourceProperties: old,
});

beforeEach(() => (calls.length = 0));

describe('the reason of a failure', () => {
  it('leaves room in the 4,096 bytes that CloudFormation takes, whatever it consists of', () => {
    expect(fittingReason('short')).toBe('short');
    for (const reason of ['x', '\n', '–', '"'].map((character) => character.repeat(5000))) {
      const fitting = fittingReason(reason);
      expect(Buffer.byteLength(JSON.stringify(fitting))).toBeLessThanOrEqual(3500);
      expect(Buffer.byteLength(JSON.stringify(fitting))).toBeGreaterThan(3000);
      expect(reason.startsWith(fitting)).toBe(true);
    }
  });
});

describe('resourceOutcome', () => {
  it('creates with the names of stack and resource', async () => {
    expect(await outcome({})).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'vol-new',
      Data: { VolumeId: 'vol-new' },
    });
    expect(calls).toEqual(['create metals-lab-swarm/Data']);
  });

  it.each([
    ['a change in place', { Size: '9' }, { Size: '8' }, 'update vol-1'],
    ['no change, to answer the attributes again', { Size: '8' }, { Size: '8' }, 'update vol-1'],
    ['a replacement', { AvailabilityZone: 'b' }, { AvailabilityZone: 'a' }, 'create metals-lab-swarm/Data'],
    ['a replacement by a new property', { AvailabilityZone: 'b' }, {}, 'create metals-lab-swarm/Data'],
  ])('updates: %s', async (_what, properties, old, call) => {
    expect((await outcome(update(properties, old))).Status).toBe('SUCCESS');
    expect(calls).toEqual([call]);
  });

  it('refuses a change that the handler cannot make, with the names', async () => {
    const fixed = handler({ update: undefined });
    expect(await outcome(update({ Size: '9', LabUpdatePolicy: 1 }, { Size: '8' }), fixed)).toMatchObject({
      Status: 'FAILED',
      Reason: 'AWS::EC2::Volume: the lab cannot change Size in place',
      PhysicalResourceId: 'vol-1',
    });
    expect((await outcome(update({ LabUpdatePolicy: 1 }, {}), fixed)).Status).toBe('SUCCESS');
  });

  it('deletes, but not what was never created', async () => {
    const failing = handler({ create: () => Promise.reject(new Error('no space')) });
    const failed = await outcome({}, failing);
    expect(failed).toMatchObject({ Status: 'FAILED', Reason: 'no space' });
    await outcome({ RequestType: 'Delete', PhysicalResourceId: failed.PhysicalResourceId });
    expect(calls).toEqual([]);
    await outcome({ RequestType: 'Delete', PhysicalResourceId: 'vol-1' });
    expect(calls).toEqual(['delete vol-1']);
  });

  it('fails for a type without a handler', async () => {
    expect(await outcome({ ResourceType: 'Custom::AWS-EC2-Instance' })).toMatchObject({
      Status: 'FAILED',
      Reason: 'the lab has no handler for AWS::EC2::Instance',
    });
  });

  it('keeps the reason within what CloudFormation takes', async () => {
    const failing = handler({ create: () => Promise.reject(new Error('x'.repeat(10_000))) });
    expect(JSON.stringify(await outcome({}, failing)).length).toBeLessThan(4096);
  });
});

describe('changedProperties', () => {
  it('compares by value and ignores the service token', () => {
    expect(
      changedProperties({ ServiceToken: 'a', A: [{ b: '1' }], C: '1' }, { ServiceToken: 'b', A: [{ b: '1' }], D: '1' }),
    ).toEqual(['C', 'D']);
  });
});

describe('createResourceEvents', () => {
  it("answers at the ResponseURL's path, at ministack whatever its host", async () => {
    const ministack = await new FakeMinistack().start();
    const lines: string[] = [];
    const done = new Promise<void>((resolve) => {
      ministack.answer = () => {
        resolve();
        return {};
      };
    });
    createResourceEvents(
      ministack.upstream,
      new Map([['AWS::EC2::Volume', handler()]]),
      new Progress(),
      (_, text) => void lines.push(text),
    )(event({ ResponseURL: 'http://elsewhere/_ministack/cfn-response/token?x=1' }));
    await done;
    expect(ministack.requests[0]).toMatchObject({ method: 'PUT', url: '/_ministack/cfn-response/token?x=1' });
    expect(JSON.parse(ministack.requests[0]!.body)).toMatchObject({
      Status: 'SUCCESS',
      RequestId: 'r',
      LogicalResourceId: 'Data',
      PhysicalResourceId: 'vol-new',
    });
    expect(lines[0]).toMatch(/^Create AWS::EC2::Volume Data: SUCCESS vol-new in /);
    await ministack.stop();
  });
});
