/** The way back from a lost majority: who goes on, in which order what happens, and when nothing does. */
import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ListDocumentsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { chooseSurvivor, recover, type RecoverOptions } from '../../../lib/cli/commands/recover';
import { readContext } from '../../../lib/cli/context';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const ec2 = mockClient(EC2Client);
const MANAGERS = [
  { id: 'i-1', slot: 'manager-1' },
  { id: 'i-2', slot: 'manager-2' },
  { id: 'i-3', slot: 'manager-3' },
];

describe('the manager that goes on', () => {
  it('is the only one that is online', () => {
    expect(chooseSurvivor(MANAGERS, ['i-2', 'i-other'])).toEqual(MANAGERS[1]);
  });

  it('is chosen by a person where several are', () => {
    expect(() => chooseSurvivor(MANAGERS, ['i-1', 'i-3'])).toThrow(
      'several managers are online (manager-1, manager-3), and one must be chosen',
    );
    expect(chooseSurvivor(MANAGERS, ['i-1', 'i-3'], 'manager-3')).toEqual(MANAGERS[2]);
  });

  it('is none that is not online', () => {
    expect(() => chooseSurvivor(MANAGERS, ['i-1'], 'manager-2')).toThrow(
      '--slot: manager-2 is not online; online: manager-1',
    );
    expect(() => chooseSurvivor(MANAGERS, [])).toThrow(
      'no manager is online in Systems Manager; instances: manager-1 (i-1), manager-2 (i-2), manager-3 (i-3)',
    );
  });
});

const PROBE = 'metals-lab-stack-status';

/** What was done, in order. */
let done: string[];

beforeEach(() => {
  ssm.reset();
  ec2.reset();
  done = [];
  ssm.on(ListDocumentsCommand).resolves({ DocumentIdentifiers: [{ Name: 'metals-lab-swarm-recover' }] });
  ssm
    .on(DescribeInstanceInformationCommand)
    .resolves({ InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online' }] });
  ssm.on(SendCommandCommand).callsFake(({ InstanceIds, DocumentName, Parameters }) => {
    const isProbe = DocumentName === PROBE;
    if (!isProbe) done.push(`${DocumentName} ${Parameters.Step} on ${InstanceIds}`);
    return { Command: { CommandId: isProbe ? 'c-probe' : 'c-1', TargetCount: 1 } };
  });
  answers('Success');
  answers('Failed', 'The swarm does not have a leader', 'c-probe');
  ec2.on(DescribeInstancesCommand).callsFake(({ InstanceIds }: { InstanceIds?: string[] }) => ({
    Reservations: [
      {
        Instances: MANAGERS.filter(({ id }) => InstanceIds?.includes(id) ?? true).map(({ id, slot }) => ({
          InstanceId: id,
          State: { Name: InstanceIds ? 'terminated' : 'running' },
          Tags: [{ Key: 'metals:slot', Value: slot }],
        })),
      },
    ],
  }));
  ec2.on(TerminateInstancesCommand).callsFake(({ InstanceIds }) => void done.push(`end of ${InstanceIds}`));
});

function answers(Status: 'Success' | 'Failed', StandardErrorContent = '', CommandId = 'c-1'): void {
  ssm.on(ListCommandsCommand, { CommandId }).resolves({ Commands: [{ Status }] });
  ssm
    .on(ListCommandInvocationsCommand, { CommandId })
    .resolves({ CommandInvocations: [{ CommandId, InstanceId: 'i-1', Status }] });
  ssm
    .on(GetCommandInvocationCommand, { CommandId, InstanceId: 'i-1' })
    .resolves({ ResponseCode: Status === 'Success' ? 0 : 1, StandardErrorContent });
}

function start(options: RecoverOptions, isTTY = false, answer = true, json = false) {
  const io = fakeIo(LAB_ENV, isTTY);
  const context = readContext({ color: false, json }, io, new AbortController().signal);
  return { io, code: recover(context, options, () => Promise.resolve(answer)) };
}

test('claims first, ends the others, and only then goes on alone', async () => {
  const { io, code } = start({ yes: true });
  expect(await code).toBe(0);
  expect(done).toEqual([
    'metals-lab-swarm-recover claim on i-1',
    'end of i-2,i-3',
    'metals-lab-swarm-recover recover on i-1',
  ]);
  expect(io.err()).toContain('manager-1 (i-1) goes on alone with what it knows of the Swarm');
  expect(io.err()).toContain('recovered; next: ./bin/metals deploy');
  const json = start({ yes: true }, false, true, true);
  expect(await json.code).toBe(0);
  expect(parseBySchema('recover', json.io.out())).toEqual({ stage: 'lab', recovered: true });
});

test('ends nothing where the manager says that a majority is there', async () => {
  answers('Failed', 'error: a majority of the managers answers: there is nothing to recover');
  await expect(start({ yes: true }).code).rejects.toThrow('there is nothing to recover');
  expect(done).toEqual(['metals-lab-swarm-recover claim on i-1']);
});

test('claims nothing where a manager that is online speaks for the Swarm: another one is only cut off', async () => {
  answers('Success', '', 'c-probe');
  await expect(start({ yes: true }).code).rejects.toThrow(
    'there is nothing to recover: manager-1 (i-1) speaks for the Swarm',
  );
  expect(done).toEqual([]);
});

test('ends those that were launched before the claim, also after the question', async () => {
  let listed = 0;
  ec2.on(DescribeInstancesCommand).callsFake(({ InstanceIds }: { InstanceIds?: string[] }) => ({
    Reservations: [
      {
        Instances: (InstanceIds ?? ['i-1', 'i-2', listed++ ? 'i-9' : 'i-3']).map((InstanceId) => ({
          InstanceId,
          State: { Name: InstanceIds ? 'terminated' : 'running' },
        })),
      },
    ],
  }));
  expect(await start({ yes: true }).code).toBe(0);
  expect(done[1]).toBe('end of i-2,i-9');
});

test('asks before, and does nothing without a yes', async () => {
  await expect(start({}).code).rejects.toMatchObject({ exitCode: 2 });
  await expect(start({}, true, false).code).rejects.toThrow('the answer was not yes: nothing was changed');
  expect(done).toEqual([]);
});
