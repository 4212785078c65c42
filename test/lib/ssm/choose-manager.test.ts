import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
  type DescribeInstanceInformationCommandInput,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { chooseManager, Deadline, type ManagerChoice } from '../../../lib/ssm';

const ssm = mockClient(SSMClient);
const CHOICE: ManagerChoice = {
  stage: 'prod',
  preferred: [{ key: 'tag:metals:slot', values: ['manager-1'] }],
  all: [{ key: 'tag:metals:role', values: ['manager'] }],
  probe: 'metals-prod-stack-status',
  region: 'eu-west-1',
};
/** i-9 is manager-1. */
const FIRST = 'i-9';

function online(pings: Readonly<Record<string, string>>): void {
  ssm.on(DescribeInstanceInformationCommand).callsFake(({ Filters = [] }: DescribeInstanceInformationCommandInput) => {
    const [{ Key, Values }] = Filters as [{ Key: string; Values: string[] }];
    const chosen = Object.keys(pings).filter(
      (id) => Key === 'tag:metals:role' || (Key === 'InstanceIds' ? Values.includes(id) : id === FIRST),
    );
    return { InstanceInformationList: chosen.map((InstanceId) => ({ InstanceId, PingStatus: pings[InstanceId] })) };
  });
}

/** The statuses of all instances, look after look; the last ones stay. */
function answers(...looks: Record<string, string>[]): void {
  let index = 0;
  const now = () => looks[Math.min(index, looks.length - 1)]!;
  ssm.on(SendCommandCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => ({
    Command: { CommandId: 'c-1', TargetCount: InstanceIds.length },
  }));
  ssm.on(ListCommandsCommand).callsFake(() => {
    const over = Object.values(now()).every((status) => !['Pending', 'InProgress'].includes(status));
    const failed = Object.values(now()).some((status) => status !== 'Success');
    return {
      Commands: [{ Status: over ? (failed ? 'Failed' : 'Success') : 'InProgress', DocumentName: CHOICE.probe }],
    };
  });
  ssm.on(ListCommandInvocationsCommand).callsFake(() => {
    const invocations = Object.entries(now()).map(([InstanceId, Status]) => ({ CommandId: 'c-1', InstanceId, Status }));
    index += 1;
    return { CommandInvocations: invocations };
  });
  ssm.on(GetCommandInvocationCommand).callsFake(({ InstanceId }: { InstanceId: string }) => ({
    ResponseCode: 1,
    StandardErrorContent: `error: ${InstanceId} is no manager of a Swarm`,
  }));
}
const choose = (seconds = 30, preferenceMs = 5_000) =>
  chooseManager(new SSMClient({}), { ...CHOICE, preferenceMs }, new Deadline(seconds));
const asked = () => ssm.commandCalls(SendCommandCommand).map(({ args }) => args[0].input.InstanceIds);

beforeEach(() => ssm.reset());

test('a single manager that is online is not asked first: its own answer says more', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'ConnectionLost' });
  expect(await choose()).toBe(FIRST);
  expect(asked()).toEqual([]);
});

test('none that is online is an error with the state of each', async () => {
  online({ [FIRST]: 'ConnectionLost', 'i-2': 'Inactive' });
  await expect(choose(0.1)).rejects.toThrow(
    'no manager online in Systems Manager: 2 instance(s) with tag:metals:role=manager (i-2 is Inactive, i-9 is ConnectionLost)',
  );
});

test('of several that can speak for the Swarm manager-1, though another one answers sooner', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'Online', 'i-3': 'Online' });
  answers(
    { [FIRST]: 'InProgress', 'i-2': 'Success', 'i-3': 'Success' },
    { [FIRST]: 'Success', 'i-2': 'Success', 'i-3': 'Success' },
  );
  expect(await choose()).toBe(FIRST);
  expect(asked()).toEqual([['i-2', 'i-3', FIRST]]);
});

test('another one, the same for everybody, where manager-1 has no quorum', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'Online', 'i-3': 'Online' });
  answers({ [FIRST]: 'Failed', 'i-2': 'Success', 'i-3': 'Success' });
  expect(await choose()).toBe('i-2');
});

test('another one, a few seconds later, where manager-1 has died and Systems Manager does not know yet', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'Online' });
  answers({ [FIRST]: 'Pending', 'i-2': 'Success' });
  expect(await choose(30, 100)).toBe('i-2');
});

test('none of them: what they said', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'Online' });
  answers({ [FIRST]: 'Failed', 'i-2': 'Failed' });
  await expect(choose()).rejects.toThrow(
    'none of 2 managers that are online can speak for the Swarm:\n  i-9: i-9 is no manager of a Swarm\n  i-2: i-2 is no manager of a Swarm\nsee: aws ssm list-command-invocations --command-id c-1',
  );
});

test('no answer at all is an error with what each is doing', async () => {
  online({ [FIRST]: 'Online', 'i-2': 'Online' });
  answers({ [FIRST]: 'Pending', 'i-2': 'InProgress' });
  await expect(choose(0.1)).rejects.toThrow(/asking 2 managers .*command c-1.*i-9 Pending, i-2 InProgress/);
});
