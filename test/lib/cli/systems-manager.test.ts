/** Which manager the verbs speak to. */
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
import { readContext } from '../../../lib/cli/context';
import { runOnManager } from '../../../lib/cli/systems-manager';
import { fakeIo, LAB_ENV } from './fake-io';

const ssm = mockClient(SSMClient);

/** i-1 is manager-1, i-3 and i-2 the other managers; no worker answers to these tags. */
const MANAGERS = ['i-1', 'i-3', 'i-2'];
const TAGS: Readonly<Record<string, readonly string[]>> = {
  'tag:metals:slot=manager-1': ['i-1'],
  'tag:metals:role=manager': MANAGERS,
};

function online(...ids: string[]): void {
  ssm.on(DescribeInstanceInformationCommand).callsFake(({ Filters = [] }: DescribeInstanceInformationCommandInput) => {
    const chosen = Filters.map(({ Key, Values = [] }) => {
      if (Key === 'InstanceIds') return Values;
      if (Key === 'tag:metals:stage') return Values.includes('lab') ? MANAGERS : [];
      return TAGS[`${Key}=${Values.join()}`] ?? [];
    });
    return {
      InstanceInformationList: MANAGERS.filter((id) => chosen.every((ids) => ids.includes(id))).map((InstanceId) => ({
        InstanceId,
        PingStatus: ids.includes(InstanceId) ? 'Online' : 'ConnectionLost',
      })),
    };
  });
}

async function ask(timeoutSeconds = 30): Promise<(string[] | undefined)[]> {
  const context = readContext({ color: false }, fakeIo(LAB_ENV), new AbortController().signal);
  const connection = { ssm: new SSMClient({}), region: 'eu-west-1' };
  await runOnManager(context, connection, 'stack-status', 'asking a manager', timeoutSeconds);
  return ssm.commandCalls(SendCommandCommand).map((call) => call.args[0].input.InstanceIds);
}

beforeEach(() => {
  ssm.reset();
  let sentTo: string[] = [];
  ssm.on(SendCommandCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
    sentTo = InstanceIds;
    return { Command: { CommandId: 'c-1', TargetCount: InstanceIds.length } };
  });
  ssm.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'Success' }] });
  ssm.on(ListCommandInvocationsCommand).callsFake(() => ({
    CommandInvocations: sentTo.map((InstanceId) => ({ CommandId: 'c-1', InstanceId, Status: 'Success' })),
  }));
  ssm.on(GetCommandInvocationCommand).resolves({ ResponseCode: 0 });
});

test('manager-1, as long as it answers: documents lock each other out on one node only', async () => {
  online('i-1', 'i-2', 'i-3');
  expect(await ask()).toEqual([['i-1', 'i-2', 'i-3'], ['i-1']]);
});

test.each([
  [
    ['i-2', 'i-3'],
    [['i-2', 'i-3'], ['i-2']],
  ],
  // There is no choice, so nobody is asked.
  [['i-3'], [['i-3']]],
])('without manager-1, and %j online: always the same one', async (ids, expected) => {
  online(...ids);
  expect(await ask()).toEqual(expected);
});

test('one that goes offline once it has been chosen is no reason to wait: another one is asked', async () => {
  online('i-1', 'i-2', 'i-3');
  ssm.on(SendCommandCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
    ssm.on(ListCommandInvocationsCommand).resolves({
      CommandInvocations: InstanceIds.map((InstanceId) => ({ CommandId: 'c-1', InstanceId, Status: 'Success' })),
    });
    // It has answered, and is terminated.
    online('i-2', 'i-3');
    return { Command: { CommandId: 'c-1', TargetCount: InstanceIds.length } };
  });
  expect(await ask()).toEqual([['i-1', 'i-2', 'i-3'], ['i-2', 'i-3'], ['i-2']]);
}, 15_000);

test('with no manager online nothing is sent, and the state of each is told', async () => {
  online();
  await expect(ask(0.2)).rejects.toMatchObject({
    name: 'DeadlineError',
    reason:
      'no manager online in Systems Manager: 3 instance(s) with tag:metals:stage=lab and tag:metals:role=manager ' +
      '(i-1 is ConnectionLost, i-2 is ConnectionLost, i-3 is ConnectionLost)',
  });
  expect(ssm.commandCalls(SendCommandCommand)).toHaveLength(0);
});
