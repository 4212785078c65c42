import { EXIT, FIRST_MANAGER } from '../../contract';
import type { Context } from '../context';
import { CliError } from '../errors';
import { findPlugin, openSession, runPlugin, startPlugin, type StartPlugin } from '../session-plugin';
import { assertSlot, instanceOfSlot } from '../session-targets';
import { assertDeployed, connect } from '../systems-manager';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const SHELL_FAILED = 'the shell was not opened';

export interface ShellOptions {
  /** @default the first manager */
  readonly slot?: string;
}

/** `metals shell`: a shell on a node, through Session Manager, until it is left. */
export async function shell(
  context: Context,
  { slot = FIRST_MANAGER }: ShellOptions,
  start: StartPlugin = startPlugin,
): Promise<number> {
  const { terminal } = context;
  assertSlot(slot, SHELL_FAILED);
  if (terminal.json) throw new CliError(SHELL_FAILED, 'a shell has no JSON', ['leave out --json'], 'usage');
  const { stdin, stdout } = terminal.io;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new CliError(
      SHELL_FAILED,
      'it needs a terminal, and this is none',
      ['./bin/metals exec SERVICE -- COMMAND    # needs none'],
      'usage',
    );
  const plugin = await findPlugin(context, SHELL_FAILED);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-status', SHELL_FAILED);
  const Target = await instanceOfSlot(context, connection, slot, SHELL_FAILED);
  const session = await openSession(context, connection, plugin, { Target, Reason: 'metals shell' });
  terminal.note(`${slot} (${Target}); sudo -i for root, exit to leave`);
  // Ctrl-C is meant for what runs there.
  const code = await context.withoutInterrupts(() => runPlugin(session, start, 'inherit', context.interrupted));
  if (code !== 0)
    throw new CliError(SHELL_FAILED, `the plugin ended with exit code ${code}`, ['./bin/metals status'], 'failed');
  return EXIT.ok;
}

export const verb: Verb<ShellOptions> = { failure: SHELL_FAILED, run: shell, graceMs: GRACE_MS };
