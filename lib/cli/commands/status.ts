import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { CliError } from '../errors';
import { findProblems, parseStackStatus, statusRows, type StackStatus } from '../stack-status';
import { assertDeployed, connect, runOnManager } from '../systems-manager';
import { drawTable } from '../table';

const DEFAULT_TIMEOUT_SECONDS = 120;
export const STATUS_FAILED = 'the status could not be read';

/** Asks the Swarm itself, through the document stack-status. */
export async function readStatus(context: Context): Promise<StackStatus> {
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-status', STATUS_FAILED);
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const state = await runOnManager(context, connection, 'stack-status', 'asking a manager', timeoutSeconds);
  if (!state.succeeded) {
    throw new CliError(STATUS_FAILED, explainFailure(state, connection.region), ['npm run metals -- deploy']);
  }
  return parseStackStatus(state.invocations[0]!.stdout);
}

/** The table on stdout, what is wrong on stderr. */
export function showStatus({ terminal }: Context, status: StackStatus): void {
  terminal.data(drawTable(statusRows(status), terminal.colors));
  terminal.note(`stage ${status.stage}, overlay encryption ${status.overlay_encryption}, as of ${status.generated_at}`);
  for (const problem of findProblems(status)) terminal.note(terminal.noteColors.red(`unhealthy: ${problem}`));
}

/** `metals status`: nodes and services in one table; exit code 3 when something is not as it should be. */
export async function status(context: Context): Promise<number> {
  const seen = await readStatus(context);
  const problems = findProblems(seen);
  if (context.terminal.json) context.terminal.value({ ...seen, healthy: problems.length === 0, problems });
  else showStatus(context, seen);
  return problems.length === 0 ? EXIT.ok : EXIT.unhealthy;
}
