import { CloudFormationClient, DescribeStacksCommand, type StackStatus } from '@aws-sdk/client-cloudformation';
import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  EC2Client,
  ModifyVolumeCommand,
  type Volume,
} from '@aws-sdk/client-ec2';
import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  ParameterNotFound,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import type { KeptDataEvent } from '../../../lib/constructs/kept-data';
import { handle, type VolumeProperties } from '../../../lib/constructs/kept-volumes.handler';

const ec2 = mockClient(EC2Client);
const cloudFormation = mockClient(CloudFormationClient);
const ssm = mockClient(SSMClient);
const clients = { ssm: new SSMClient({}), ec2: new EC2Client({}), cloudFormation: new CloudFormationClient({}) };
const LIMITS = { creation: 0.1, growth: 0.1, release: 0.1 };

type Event = KeptDataEvent<VolumeProperties>;
const event = (properties: Partial<VolumeProperties> = {}, changes: Partial<Event> = {}): Event => ({
  RequestType: 'Create',
  StackId: 'arn:stack',
  ResourceProperties: {
    Stage: 'prod',
    Slot: 'worker-1',
    Role: 'worker',
    AvailabilityZone: 'eu-west-1a',
    SizeGiB: '20',
    OnDelete: 'keep',
    ...properties,
  },
  ...changes,
});
const update = { RequestType: 'Update', PhysicalResourceId: 'vol-1' } as const;
const deletion = { RequestType: 'Delete', PhysicalResourceId: 'vol-1' } as const;
const run = (...of: Parameters<typeof event>) => handle(event(...of), clients, LIMITS);

const volume = (changes: Partial<Volume> = {}): Volume => ({
  VolumeId: 'vol-1',
  AvailabilityZone: 'eu-west-1a',
  Size: 20,
  State: 'available',
  Encrypted: true,
  CreateTime: new Date('2026-11-01'),
  ...changes,
});

/** What has the tags of the slot, and the states that vol-1 is seen in, one after the other. */
function given(tagged: Volume[], ...states: Partial<Volume>[]): void {
  ec2.on(DescribeVolumesCommand).callsFake(({ VolumeIds }) => {
    if (!VolumeIds) return { Volumes: tagged };
    return { Volumes: [volume(states.length > 1 ? states.shift() : states[0])] };
  });
}
const stackIs = (StackStatus: StackStatus) =>
  cloudFormation
    .on(DescribeStacksCommand)
    .resolves({ Stacks: [{ StackName: 'data', CreationTime: new Date(), StackStatus }] });
const inputs = (command: Parameters<typeof ec2.commandCalls>[0]) =>
  ec2.commandCalls(command).map(({ args }) => args[0].input);
const notFound = Object.assign(new Error('The volume does not exist.'), { name: 'InvalidVolume.NotFound' });

beforeEach(() => {
  ec2.reset();
  cloudFormation.reset();
  ssm.reset();
  stackIs('UPDATE_IN_PROGRESS');
  ec2.on(CreateVolumeCommand).resolves(volume({ State: 'creating' }));
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

describe('a slot without a volume', () => {
  it('gets an encrypted one, tagged in the same call', async () => {
    given([], { State: 'creating' }, { State: 'available' });
    expect(await run()).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(inputs(DescribeVolumesCommand)[0]).toMatchObject({
      Filters: [
        { Name: 'tag:metals:stage', Values: ['prod'] },
        { Name: 'tag:metals:slot', Values: ['worker-1'] },
        { Name: 'status', Values: ['creating', 'available', 'in-use', 'error'] },
      ],
    });
    expect(inputs(CreateVolumeCommand)).toEqual([
      {
        AvailabilityZone: 'eu-west-1a',
        Size: 20,
        VolumeType: 'gp3',
        Encrypted: true,
        TagSpecifications: [
          {
            ResourceType: 'volume',
            Tags: [
              { Key: 'Name', Value: 'metals-prod-worker-1-data' },
              { Key: 'metals:stage', Value: 'prod' },
              { Key: 'metals:slot', Value: 'worker-1' },
              { Key: 'metals:role', Value: 'worker' },
            ],
          },
        ],
      },
    ]);
  });

  it('waits until it is there, and says for what when it never is', async () => {
    given([], { State: 'creating' });
    await expect(run()).rejects.toThrow(
      'volume of worker-1: the creation of vol-1 did not finish within 0 s: it is creating',
    );
  });

  it('fails at once when the volume does', async () => {
    given([], { State: 'error' });
    await expect(run()).rejects.toThrow('vol-1 is in state error: aws ec2 delete-volume --volume-id vol-1');
  });
});

describe('a slot whose volume was kept', () => {
  it.each(['available', 'in-use'] as const)('takes it over, %s, and makes none', async (State) => {
    given([volume({ State })], { State });
    expect(await run()).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(inputs(CreateVolumeCommand)).toEqual([]);
    expect(inputs(ModifyVolumeCommand)).toEqual([]);
  });

  it('makes none beside one that does not fit', async () => {
    given([volume({ AvailabilityZone: 'eu-west-1b' })]);
    await expect(run()).rejects.toThrow('volume of worker-1: vol-1 holds the data of worker-1');
    expect(inputs(CreateVolumeCommand)).toEqual([]);
  });

  it('lets it grow, until it has its size', async () => {
    given([volume({ Size: 10, State: 'in-use' })], { State: 'in-use' });
    ec2
      .on(DescribeVolumesModificationsCommand)
      .resolvesOnce({ VolumesModifications: [{ ModificationState: 'modifying' }] })
      .resolves({ VolumesModifications: [{ ModificationState: 'optimizing' }] });
    await run({}, update);
    expect(inputs(ModifyVolumeCommand)).toEqual([{ VolumeId: 'vol-1', Size: 20 }]);
    expect(inputs(DescribeVolumesModificationsCommand)).toHaveLength(2);
  });

  it('goes on waiting when EC2 refuses a look for its rate', async () => {
    given([volume()], { State: 'in-use' });
    const refused = Object.assign(new Error('Request limit exceeded.'), { name: 'RequestLimitExceeded' });
    ec2
      .on(DescribeVolumesModificationsCommand)
      .rejectsOnce(refused)
      .resolves({ VolumesModifications: [{ VolumeId: 'vol-1', ModificationState: 'optimizing' }] });
    expect(await run({ SizeGiB: '30' })).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(inputs(DescribeVolumesModificationsCommand)).toHaveLength(2);
  });

  it('says why it does not grow', async () => {
    given([volume({ Size: 10 })], {});
    ec2
      .on(DescribeVolumesModificationsCommand)
      .resolves({ VolumesModifications: [{ ModificationState: 'failed', StatusMessage: 'no capacity' }] });
    await expect(run({}, update)).rejects.toThrow('vol-1 did not grow from 10 to 20 GiB: no capacity');
  });

  it('never shrinks it, but goes back with what has grown in a failed update', async () => {
    given([volume({ Size: 30 })], {});
    await expect(run({}, update)).rejects.toThrow('a volume cannot shrink; set dataVolumeGiB=30');
    stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
    expect(await run({}, update)).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(inputs(ModifyVolumeCommand)).toEqual([]);
  });

  it('is left as it is where a failed update is rolled back and it is gone: it cannot be given back', async () => {
    stackIs('UPDATE_ROLLBACK_IN_PROGRESS');
    given([volume({ VolumeId: 'vol-2' })]);
    expect(await run({}, update)).toEqual({ PhysicalResourceId: 'vol-1' });
    given([]);
    expect(await run({}, update)).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(inputs(CreateVolumeCommand)).toEqual([]);
  });

  it('gives CloudFormation its text once, without a stack', async () => {
    given([volume({ Size: 30 })]);
    const error: Error = await run().catch((thrown) => thrown);
    expect(error.stack).toBe(error.message);
  });
});

describe('the volume of the only manager', () => {
  const swarm = { Slot: 'manager-1', Holds: 'swarm,kafka' };
  const claimIs = (Value: string) =>
    ssm.on(GetParameterCommand, { Name: '/metals/prod/swarm/claim' }).resolves({ Parameter: { Value } });

  it('is not made anew while a Swarm is remembered that was on another one', async () => {
    given([]);
    claimIs('initialised c1');
    await expect(run(swarm)).rejects.toThrow(
      'volume of manager-1: the Swarm c1 of stage prod was on another volume, and its services and secrets would be lost; ' +
        'restore that volume (docs/nodes.md, Snapshots), or begin a new Swarm, which the workers then join with the data ' +
        'that they hold, and deploy again: aws ssm delete-parameter --name /metals/prod/swarm/claim',
    );
    given([volume({ VolumeId: 'vol-2' })]);
    await expect(run(swarm, update)).rejects.toThrow('the Swarm c1 of stage prod was on another volume');
    expect(inputs(CreateVolumeCommand)).toEqual([]);
  });

  it('is made once nothing is remembered, or only that one was to be created', async () => {
    given([], {});
    ssm.on(GetParameterCommand).rejects(new ParameterNotFound({ message: '', $metadata: {} }));
    await run(swarm);
    claimIs('claimed vol-0');
    await run(swarm);
    expect(inputs(CreateVolumeCommand)).toHaveLength(2);
  });

  it('is not made when nobody says what is remembered', async () => {
    given([], {});
    ssm.on(GetParameterCommand).rejects(new Error('denied'));
    await expect(run(swarm)).rejects.toThrow('volume of manager-1: denied');
    expect(inputs(CreateVolumeCommand)).toEqual([]);
  });

  it('is kept without a question', async () => {
    given([volume()], {});
    await run(swarm, update);
    expect(ssm.calls()).toHaveLength(0);
  });
});

describe('deletion', () => {
  it('leaves the volume where data is kept', async () => {
    expect(await run({}, deletion)).toEqual({ PhysicalResourceId: 'vol-1' });
    expect(ec2.calls()).toHaveLength(0);
  });

  it('waits until the instance that ends lets go, then deletes', async () => {
    const Attachments = [{ InstanceId: 'i-1', State: 'detaching' as const }];
    given([], { State: 'in-use', Attachments }, { State: 'available' });
    await run({ OnDelete: 'delete' }, deletion);
    expect(inputs(DeleteVolumeCommand)).toEqual([{ VolumeId: 'vol-1' }]);
  });

  beforeEach(() => stackIs('DELETE_IN_PROGRESS'));

  it('does not wait when its slot was taken away, whose instance goes after this stack is updated', async () => {
    stackIs('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    given([], { State: 'in-use', Attachments: [{ InstanceId: 'i-1', State: 'attached' }] });
    const started = Date.now();
    await expect(handle(event({ OnDelete: 'delete' }, deletion), clients, { ...LIMITS, release: 60 })).rejects.toThrow(
      'the release of vol-1 did not finish within 1 s: i-1 (attached) holds it',
    );
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('with data stays when its slot was taken away, even released: whether that may go is decided later', async () => {
    stackIs('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    given([], {});
    const holds = { OnDelete: 'delete', Holds: 'kafka,mongodb' } as const;
    await expect(run(holds, deletion)).rejects.toThrow(
      'volume of worker-1: vol-1 held kafka, mongodb and stays; once nothing on it is needed: aws ec2 delete-volume --volume-id vol-1',
    );
    expect(inputs(DeleteVolumeCommand)).toEqual([]);
    stackIs('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await run(holds, deletion);
    stackIs('DELETE_IN_PROGRESS');
    await run(holds, deletion);
    expect(inputs(DeleteVolumeCommand)).toEqual([{ VolumeId: 'vol-1' }, { VolumeId: 'vol-1' }]);
  });

  it('names the instance that does not let go', async () => {
    given([], { State: 'in-use', Attachments: [{ InstanceId: 'i-1', State: 'attached' }] });
    await expect(run({ OnDelete: 'delete' }, deletion)).rejects.toThrow(
      'i-1 (attached) holds it; once that has ended: aws ec2 delete-volume --volume-id vol-1',
    );
    expect(inputs(DeleteVolumeCommand)).toEqual([]);
  });

  const forgotten = () => ssm.commandCalls(DeleteParametersCommand).map(({ args }) => args[0].input.Names);

  it('of the first manager’s volume with its stack lets the Swarm be forgotten, and no other', async () => {
    given([], {});
    await run({ Slot: 'manager-2', OnDelete: 'delete' }, deletion);
    await run({ Slot: 'manager-1', OnDelete: 'keep' }, deletion);
    stackIs('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    await run({ Slot: 'manager-1', OnDelete: 'delete' }, deletion);
    expect(forgotten()).toEqual([]);
    stackIs('DELETE_IN_PROGRESS');
    const recoveries = Array.from({ length: 8 }, (_, at) => ({ Name: `/metals/prod/swarm/recovery/${at + 1}` }));
    ssm.on(GetParametersByPathCommand, { Path: '/metals/prod/swarm/recovery' }).resolves({ Parameters: recoveries });
    await run({ Slot: 'manager-1', OnDelete: 'delete' }, deletion);
    // Ten at once, and no more.
    expect(forgotten()).toEqual([
      [
        ...['/metals/prod/swarm/claim', '/metals/prod/swarm/worker-token', '/metals/prod/swarm/manager-token'],
        ...recoveries.slice(0, 7).map(({ Name }) => Name),
      ],
      ['/metals/prod/swarm/recovery/8'],
    ]);
  });

  it('succeeds when the volume is gone already, or goes meanwhile, and only then', async () => {
    ec2.on(DescribeVolumesCommand).rejects(notFound);
    await run({ OnDelete: 'delete' }, deletion);
    expect(inputs(DeleteVolumeCommand)).toEqual([]);
    given([], {});
    ec2.on(DeleteVolumeCommand).rejects(notFound);
    await run({ OnDelete: 'delete' }, deletion);
    ec2.on(DeleteVolumeCommand).rejects(new Error('denied'));
    await expect(run({ OnDelete: 'delete' }, deletion)).rejects.toThrow('volume of worker-1: denied');
  });
});

describe('tags of the configuration', () => {
  const Tags = { team: 'metals' };

  it('are given to a new volume with the slot’s own, in the same call', async () => {
    given([], { State: 'available' });
    await run({ Tags });
    const [{ TagSpecifications }] = inputs(CreateVolumeCommand) as [{ TagSpecifications: { Tags: object[] }[] }];
    expect(TagSpecifications[0]!.Tags).toContainEqual({ Key: 'metals:slot', Value: 'worker-1' });
    expect(TagSpecifications[0]!.Tags).toContainEqual({ Key: 'team', Value: 'metals' });
    expect(inputs(CreateTagsCommand)).toEqual([]);
  });

  it('are given to a volume that is kept', async () => {
    given([volume()], {});
    await run({ Tags }, update);
    expect(inputs(CreateTagsCommand)).toEqual([{ Resources: ['vol-1'], Tags: [{ Key: 'team', Value: 'metals' }] }]);
  });

  it('are none by default', async () => {
    given([volume()], {});
    await run({}, update);
    expect(inputs(CreateTagsCommand)).toEqual([]);
  });
});
