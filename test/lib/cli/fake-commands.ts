/** Systems Manager with one manager online, whose commands end as a test says. */
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ListDocumentsCommand,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { AwsStub } from 'aws-sdk-client-mock';

type Ssm = AwsStub<any, any, SSMClient['config']>;

const CommandId = 'c-1';
const InstanceId = 'i-1';

export const documentsAre = (ssm: Ssm, ...names: string[]) =>
  ssm.on(ListDocumentsCommand).resolves({ DocumentIdentifiers: names.map((Name) => ({ Name })) });

/** @param sent is told the parameters of each command */
export function managerTakesCommands(
  ssm: Ssm,
  sent: (parameters: Record<string, string[]>) => void = () => undefined,
): void {
  ssm
    .on(DescribeInstanceInformationCommand)
    .resolves({ InstanceInformationList: [{ InstanceId, PingStatus: 'Online' }] });
  ssm.on(SendCommandCommand).callsFake(({ Parameters }: { Parameters: Record<string, string[]> }) => {
    sent(Parameters);
    return { Command: { CommandId, TargetCount: 1 } };
  });
}

export function commandsEnd(ssm: Ssm, Status: 'Success' | 'Failed', stdout: string, stderr = ''): void {
  ssm.on(ListCommandsCommand).resolves({ Commands: [{ CommandId, Status, TargetCount: 1 }] });
  ssm
    .on(ListCommandInvocationsCommand)
    .resolves({ CommandInvocations: [{ CommandId, InstanceId, InstanceName: 'manager-1', Status }] });
  ssm.on(GetCommandInvocationCommand).resolves({
    ...{ CommandId, InstanceId, Status, ResponseCode: Status === 'Success' ? 0 : 1 },
    ...{ StandardOutputContent: stdout, StandardErrorContent: stderr },
  });
}

/** One instance, a manager, on which each document ends well and prints this; functions are given the parameters. */
export function documentsAnswer(
  ssm: Ssm,
  outputs: Readonly<Record<string, string | ((parameters: Record<string, string[]>) => string)>>,
): void {
  ssm.reset();
  const names = Object.keys(outputs).map((id) => `metals-lab-${id}`);
  documentsAre(ssm, ...names);
  managerTakesCommands(ssm);
  const sent = new Map<string, Record<string, string[]>>();
  ssm
    .on(SendCommandCommand)
    .callsFake(({ DocumentName, Parameters }: { DocumentName: string; Parameters: Record<string, string[]> }) => {
      sent.set(`${DocumentName}/${sent.size}`, Parameters);
      return { Command: { CommandId: [...sent.keys()].at(-1)!, TargetCount: 1 } };
    });
  ssm.on(ListCommandsCommand).callsFake(({ CommandId: id }: { CommandId?: string }) => ({
    Commands: id === undefined ? [] : [{ CommandId: id, Status: 'Success', TargetCount: 1 }],
  }));
  ssm.on(ListCommandInvocationsCommand).callsFake(({ CommandId: id }: { CommandId: string }) => ({
    CommandInvocations: [{ CommandId: id, InstanceId, InstanceName: 'manager-1', Status: 'Success' }],
  }));
  ssm.on(GetCommandInvocationCommand).callsFake(async ({ CommandId: id }: { CommandId: string }) => {
    // Of commands that nobody has sent here nothing was printed.
    const output = outputs[id.split('/')[0]!.replace('metals-lab-', '')] ?? '';
    return { StandardOutputContent: typeof output === 'string' ? output : output(sent.get(id)!) };
  });
}
