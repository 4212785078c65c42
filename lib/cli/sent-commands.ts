/** What Systems Manager still knows of the commands that were sent to a stage. */
import { paginateListCommands, type Command, type SSMClient } from '@aws-sdk/client-ssm';
import { documentName, type DocumentId } from '../contract';

/** All of one document, of all pages. */
export async function sentCommands(ssm: SSMClient, stage: string, id: DocumentId): Promise<Command[]> {
  const commands: Command[] = [];
  const Filters = [{ key: 'DocumentName' as const, value: documentName(stage, id) }];
  for await (const { Commands = [] } of paginateListCommands({ client: ssm }, { Filters })) commands.push(...Commands);
  return commands;
}

/** Pure: when it was asked for. */
export const sentAtMs = ({ RequestedDateTime }: Command): number => RequestedDateTime?.getTime() ?? 0;
