/** Documents of the stage, sent to its slots. */
import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  paginateListCommands,
  SSMClient,
  type Command,
} from '@aws-sdk/client-ssm';
import { type DocumentId, documentName, TAG } from '../../../lib/contract';
import { readCommand, runCommand, type CommandRequest } from '../../../lib/ssm';
import { stage } from './secrets';

const client = (): SSMClient => new SSMClient({});

/** A command for the node of one slot. */
export const toSlot = (name: string, slot: string, parameters: Readonly<Record<string, string>>): CommandRequest => ({
  documentName: name,
  parameters,
  targets: [
    { key: `tag:${TAG.stage}`, values: [stage()] },
    { key: `tag:${TAG.slot}`, values: [slot] },
  ],
  expectedInstanceCount: 1,
  timeoutSeconds: 300,
  comment: 'lab test',
});

/** Runs a document of any name on a slot's node; its stdout. Anything but a success is an error with what it said. */
export async function mustRun(...request: Parameters<typeof toSlot>): Promise<string> {
  const state = await runCommand(client(), toSlot(...request));
  const told = state.invocations.map(({ stderr }) => stderr).join('\n');
  if (!state.succeeded) throw new Error(`${request[0]} on ${request[1]}: ${state.status}: ${told}`);
  return state.invocations[0]!.stdout;
}

/** As mustRun, for a document of the stage. */
export const mustRunDocument = (
  document: DocumentId,
  slot: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> => mustRun(documentName(stage(), document), slot, parameters);

async function commandsOf(document: DocumentId): Promise<Command[]> {
  const commands: Command[] = [];
  for await (const page of paginateListCommands({ client: client() }, {})) commands.push(...(page.Commands ?? []));
  return commands.filter(({ DocumentName }) => DocumentName === documentName(stage(), document));
}

/** Ids of all commands that have sent a document. */
export const commandIds = async (document: DocumentId): Promise<string[]> =>
  (await commandsOf(document)).map(({ CommandId }) => CommandId!);

/** Cancels the commands of a document that are under way; answers how many there were. */
export async function cancelRunning(document: DocumentId): Promise<number> {
  const running = (await commandsOf(document)).filter(({ Status }) => Status === 'InProgress');
  for (const { CommandId } of running) await client().send(new CancelCommandCommand({ CommandId }));
  return running.length;
}

/** What a command said on all its nodes. One that has not succeeded is an error. */
export async function outputsOf(commandId: string): Promise<string> {
  const { succeeded, status, invocations } = await readCommand(client(), commandId);
  const said = invocations.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n');
  if (!succeeded) throw new Error(`command ${commandId}: ${status}: ${said}`);
  return said;
}

/** What a document was last sent with. */
export async function lastParameters(document: DocumentId): Promise<Record<string, string>> {
  const [last] = (await commandsOf(document)).sort(
    (a, b) => b.RequestedDateTime!.getTime() - a.RequestedDateTime!.getTime(),
  );
  if (!last) throw new Error(`${document} has not been sent yet`);
  return Object.fromEntries(Object.entries(last.Parameters ?? {}).map(([name, [value = '']]) => [name, value]));
}

/** What a command said on a node, or why the agent did not begin it. */
export async function outputOf(CommandId: string, InstanceId: string): Promise<string> {
  const output = await client().send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
  return output.StandardErrorContent || output.StatusDetails || '';
}
