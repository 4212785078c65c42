import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { readContext } from '../../../lib/cli/context';
import { readDataVolumes, volumesSetting } from '../../../lib/cli/data-volumes';
import { slotsWithoutVolume } from '../../../lib/cli/slot-volumes';
import { fakeIo, LAB_ENV } from './fake-io';

describe('the setting', () => {
  it('stays what the stack has as long as all its volumes are there', () => {
    expect(volumesSetting(['vol-1', 'vol-2', 'vol-3'], 'vol-1,vol-2,none')).toBe('none');
    expect(volumesSetting(['vol-2', 'vol-1'], 'vol-1,vol-2,0123abcd')).toBe('0123abcd');
  });

  it('is another one once a volume has gone, whatever order the others come in', () => {
    const setting = volumesSetting(['vol-2', 'vol-3'], 'vol-1,vol-2,vol-3,none');
    expect(setting).toMatch(/^[0-9a-f]{16}$/);
    expect(volumesSetting(['vol-3', 'vol-2'], 'vol-1,vol-2,vol-3,none')).toBe(setting);
  });

  it('is yet another one once a new volume has taken its place', () => {
    const lost = volumesSetting(['vol-2'], 'vol-1,vol-2,none');
    expect(volumesSetting(['vol-2', 'vol-9'], 'vol-1,vol-2,none')).not.toBe(lost);
  });

  it('is none where nothing is deployed', () => {
    expect(volumesSetting([], undefined)).toBe('none');
  });

  it('stays what the stack has where nobody may look', () => {
    expect(volumesSetting(undefined, 'vol-1,0123abcd')).toBe('0123abcd');
  });
});

describe('reading it', () => {
  const ec2 = mockClient(EC2Client);
  const stacks = mockClient(CloudFormationClient);
  const context = readContext({ color: false }, fakeIo(LAB_ENV), new AbortController().signal);
  const read = () => readDataVolumes(context, 'eu-west-1');
  const deployed = (OutputValue: string) =>
    stacks.on(DescribeStacksCommand, { StackName: 'metals-lab-data' }).resolves({
      Stacks: [
        {
          StackName: 'metals-lab-data',
          CreationTime: new Date(0),
          StackStatus: 'UPDATE_COMPLETE',
          Outputs: [{ OutputKey: 'DataVolumes', OutputValue }],
        },
      ],
    });

  beforeEach(() => {
    ec2.reset();
    stacks.reset();
  });

  it('asks for the volumes of the stage that work', async () => {
    deployed('vol-1,none');
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: 'vol-1' }] });
    expect(await read()).toBe('none');
    expect(ec2.commandCalls(DescribeVolumesCommand)[0]!.args[0].input.Filters).toEqual([
      { Name: 'tag:metals:stage', Values: ['lab'] },
      { Name: 'tag-key', Values: ['metals:slot'] },
      { Name: 'status', Values: ['creating', 'available', 'in-use'] },
    ]);
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [] });
    expect(await read()).toMatch(/^[0-9a-f]{16}$/);
  });

  it('asks for nothing before the first deployment', async () => {
    stacks.on(DescribeStacksCommand).rejects(Object.assign(new Error('none'), { name: 'ValidationError' }));
    expect(await read()).toBe('none');
    expect(ec2.calls()).toHaveLength(0);
  });

  it('leaves a deployer in peace who may not look, and tells every other failure', async () => {
    deployed('vol-1,none');
    ec2
      .on(DescribeVolumesCommand)
      .rejects(Object.assign(new Error('You are not authorized'), { name: 'UnauthorizedOperation' }));
    expect(await read()).toBe('none');
    ec2.on(DescribeVolumesCommand).rejects(new Error('reset by peer'));
    await expect(read()).rejects.toThrow('reset by peer');
  });

  it('names the slots that have none', async () => {
    const Tags = [{ Key: 'metals:slot', Value: 'worker-2' }];
    ec2.on(DescribeVolumesCommand).resolves({ Volumes: [{ VolumeId: 'vol-2', Tags }, { VolumeId: 'vol-3' }] });
    expect(await slotsWithoutVolume(context, 'eu-west-1', ['worker-1', 'worker-2'])).toEqual(['worker-1']);
    ec2.on(DescribeVolumesCommand).rejects(Object.assign(new Error('no'), { name: 'UnauthorizedOperation' }));
    expect(await slotsWithoutVolume(context, 'eu-west-1', ['worker-1'])).toEqual([]);
  });

  it('asks nobody where no node is away', async () => {
    expect(await slotsWithoutVolume(context, 'eu-west-1', [])).toEqual([]);
    expect(ec2.calls()).toHaveLength(0);
  });
});
