import type { Context } from '../context';
import { CliError } from '../errors';
import { shellQuote } from '../next-command';
import { findPlugin, openSession, runPlugin, startPlugin, type Session, type StartPlugin } from '../session-plugin';
import { instanceOfSlot } from '../session-targets';
import type { StackStatus } from '../stack-status';
import { connect } from '../systems-manager';
import { whatThereIs } from '../what-there-is';
import { readStatus } from './status';
import { visible } from '../../safe-text';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const EXEC_FAILED = 'the command was not run';
const CUT_OFF = 'the session ended before the command did';

export interface ExecOptions {
  readonly service: string;
  readonly command: readonly string[];
  readonly node?: string;
}

/**
 * `metals exec`: a command in a task, through Session Manager. On a terminal it is the command's; elsewhere its output goes to
 * stdout, and its exit code is this one's.
 */
export async function exec(context: Context, options: ExecOptions, start: StartPlugin = startPlugin): Promise<number> {
  const { terminal } = context;
  const { service, command, node } = options;
  if (terminal.json) throw new CliError(EXEC_FAILED, 'a command has no JSON', ['leave out --json'], 'usage');
  const plugin = await findPlugin(context, EXEC_FAILED);
  const task = chooseTask(await readStatus(context, true), service, node);
  const connection = await connect(context);
  const Target = await instanceOfSlot(context, connection, task.node, EXEC_FAILED);
  const isInteractive = terminal.io.stdin.isTTY === true && terminal.io.stdout.isTTY === true;
  const mark = crypto.randomUUID();
  const session = await openSession(context, connection, plugin, {
    Target,
    DocumentName: 'AWS-StartInteractiveCommand',
    Parameters: { command: [commandLine(task.container, command, isInteractive ? undefined : mark)] },
    Reason: `metals exec ${service}`,
  });
  terminal.note(`${service} on ${visible(task.node)}, container ${task.container}`);
  if (isInteractive) return context.withoutInterrupts(() => runPlugin(session, start, 'inherit', context.interrupted));
  return passOn(context, session, mark, start);
}

/** Pure: a task of the service, the first on that node. @throws CliError naming what there is */
export function chooseTask(
  { tasks, services }: Pick<StackStatus, 'tasks' | 'services'>,
  service: string,
  node?: string,
): StackStatus['tasks'][number] {
  const names = services.map(({ name }) => name);
  if (!names.includes(service)) {
    const why = `there is no service ${service}${whatThereIs(service, names)}`;
    throw new CliError(EXEC_FAILED, why, ['./bin/metals status'], 'usage');
  }
  const running = tasks.filter((task) => task.service === service);
  const found = running.find((task) => node === undefined || task.node === node);
  if (found) return found;
  const elsewhere =
    running.length === 0 ? '' : `; it runs on ${[...new Set(running.map((task) => task.node))].join(', ')}`;
  throw new CliError(
    EXEC_FAILED,
    `no task of ${service} runs${node === undefined ? '' : ` on ${node}`}${elsewhere}`,
    ['./bin/metals status'],
    'refused',
  );
}

/**
 * Pure: what the session runs. Session Manager gives every command a terminal and tells no exit code; without one on this side, the
 * terminal there is to leave lines as they are, and the code comes behind a mark.
 */
export function commandLine(container: string, command: readonly string[], mark?: string): string {
  const words = command.map(shellQuote).join(' ');
  return mark === undefined
    ? `sudo docker exec -it ${container} ${words}`
    : `stty -opost; sudo docker exec ${container} ${words} </dev/null; printf '\\n%s %s\\n' ${mark} $?`;
}

/** What the plugin says on the same stream, where it fails or ends. */
const OF_PLUGIN = /^(Cannot perform start session: |Exiting session with sessionId: |SessionId: \S+ : )/;

/** Its lines, without those of the plugin. */
async function passOn({ terminal, interrupted }: Context, session: Session, mark: string, start: StartPlugin) {
  let [hasBegun, rest] = [false, ''];
  let held: string | undefined;
  let code: number | undefined;
  let said = CUT_OFF;
  const take = (line: string): void => {
    if (!hasBegun) hasBegun = line.startsWith('Starting session with SessionId:');
    else if (line.startsWith(`${mark} `)) code = Number(line.slice(mark.length + 1));
    else if (OF_PLUGIN.test(line)) said = `${CUT_OFF}: ${line}`;
    else if (code === undefined) {
      if (held !== undefined) terminal.data(held);
      held = line;
    }
  };
  // The plugin ends where its input does: it is given one that has no end, and nothing in it.
  await runPlugin(session, start, ['pipe', 'pipe', 'inherit'], interrupted, (child) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop()!;
      lines.forEach(take);
    });
  });
  if (rest) take(rest);
  // The line before the mark ends the one before it, if that has not ended itself.
  if (held) terminal.data(held);
  if (code === undefined) throw new CliError(EXEC_FAILED, visible(said), ['./bin/metals status'], 'failed');
  return code;
}

export const verb: Verb<ExecOptions> = { failure: EXEC_FAILED, run: exec, graceMs: GRACE_MS };
