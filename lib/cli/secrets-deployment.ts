/** The stack deployed once more as it was last, with what is current in Secrets Manager. */
import { Deadline, explainFailure } from '../ssm';
import type { Context } from './context';
import { CliError } from './errors';
import { lastDeployment } from './last-deployment';
import { runOnManager, type Connection } from './systems-manager';

/** What stack-deploy says of a lease that it has waited for [assets/documents/lib/lease.sh]. */
const UNDER_WAY = 'another deployment is under way';
/** As stack-deploy itself. */
const DEFAULT_TIMEOUT_SECONDS = 3_400;
const STATUS = './bin/metals status';

/** Brings what is current in Secrets Manager to the stack, and answers which secrets have changed by it. */
type Deploy = (title: string) => Promise<readonly string[]>;

/** @throws CliError where nobody has deployed the stack with this version of the product */
export async function deploymentOfSecrets(
  context: Context,
  connection: Connection,
  { failure, again }: { readonly failure: string; readonly again: string },
): Promise<{ readonly deploy: Deploy; readonly images: string | undefined }> {
  const readParameters = async (): Promise<Readonly<Record<string, string>>> => {
    const parameters = await lastDeployment(connection.ssm, context.stage);
    if (parameters !== undefined) return parameters;
    throw new CliError(
      failure,
      `stage "${context.stage}" was deployed by a version that cannot bring secrets to it`,
      ['./bin/metals deploy'],
      'other-version',
    );
  };
  const { Images } = await readParameters();
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const deploy: Deploy = async (title) => {
    const deadline = new Deadline(timeoutSeconds);
    for (;;) {
      // Each time: what was waited for may have deployed something else.
      const parameters = await readParameters();
      const remainingSeconds = Math.max(1, deadline.remainingSeconds);
      const state = await runOnManager(context, connection, 'stack-deploy', title, remainingSeconds, parameters);
      context.leaveBehind = [again];
      if (state.succeeded) {
        const { rotated, left } = parseRotated(state.invocations[0]!.stdout);
        if (left === undefined) return rotated;
        throw new CliError(
          failure,
          `the Swarm serves another version than was deployed last (${left}): a deployment is under way, has failed, or was undone there`,
          ['./bin/metals deploy    # where none is under way; otherwise wait for its end', again],
          'refused',
        );
      }
      const why = explainFailure(state, connection.region);
      if (!why.includes(UNDER_WAY) || deadline.passed)
        throw new CliError(failure, why, [STATUS, again], 'document-failed');
      // The document itself has waited for some time: a rotation that was killed here goes on there, and is let end.
      context.terminal.note(
        'another deployment is under way, perhaps of a rotation that was cut off: waiting for its end',
      );
    }
  };
  return { deploy, images: Images };
}

interface Rotated {
  readonly rotated: readonly string[];
  /** What the Swarm serves, where that is something else: then nothing was looked at. */
  readonly left?: string;
}

/** Pure: what stack-deploy says at its end. */
export function parseRotated(stdout: string): Rotated {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{"rotated":'));
  if (line === undefined) throw new Error('stack-deploy did not say which secrets it has changed');
  return JSON.parse(line) as Rotated;
}
