/** Commands of one document that Systems Manager has kept: for 30 days, the newest first. */
import { paginateListCommands, type Command, type SSMClient } from '@aws-sdk/client-ssm';

export async function sentCommands(ssm: SSMClient, DocumentName: string): Promise<Command[]> {
  const commands: Command[] = [];
  const Filters = [{ key: 'DocumentName' as const, value: DocumentName }];
  for await (const { Commands = [] } of paginateListCommands({ client: ssm }, { Filters })) commands.push(...Commands);
  return commands.sort((a, b) => sentAtMs(b) - sentAtMs(a));
}

export const sentAtMs = ({ RequestedDateTime }: Command): number => RequestedDateTime?.getTime() ?? 0;

/** Its parameters, of which each has one value. */
export const parametersOf = ({ Parameters = {} }: Command): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(Parameters).map(([name, [value = '']]) => [name, value]));
