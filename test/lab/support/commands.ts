/** Documents of the stage, sent to its slots. */
import { GetCommandInvocationCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type DocumentId, documentName, TAG } from '../../../lib/contract';
import { runCommand, type CommandState } from '../../../lib/ssm';
import { stage } from './secrets';

const client = (): SSMClient => new SSMClient({});

/** Runs a document on the node of one slot. */
export const runDocument = (
  document: DocumentId,
  slot: string,
  parameters: Readonly<Record<string, string>>,
): Promise<CommandState> =>
  runCommand(client(), {
    documentName: documentName(stage(), document),
    parameters,
    targets: [
      { key: `tag:${TAG.stage}`, values: [stage()] },
      { key: `tag:${TAG.slot}`, values: [slot] },
    ],
    expectedInstanceCount: 1,
    timeoutSeconds: 300,
    comment: `lab test: ${document}`,
  });

/** As runDocument; anything but a success is an error with what the document said. */
export async function mustRunDocument(...request: Parameters<typeof runDocument>): Promise<void> {
  const state = await runDocument(...request);
  const told = state.invocations.map(({ stderr }) => stderr).join('\n');
  if (!state.succeeded) throw new Error(`${request[0]} on ${request[1]}: ${state.status}: ${told}`);
}

/** What a document was last sent with. */
export async function lastParameters(document: DocumentId): Promise<Record<string, string>> {
  const { Commands = [] } = await client().send(new ListCommandsCommand({}));
  const [last] = Commands.filter(({ DocumentName }) => DocumentName === documentName(stage(), document)).sort(
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
