/** Session Manager's own plugin, which carries every session: found, started, and told where to connect. */
import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import {
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
  type StartSessionCommandInput,
} from '@aws-sdk/client-ssm';
import { REPOSITORY } from '../repository';
import { clientsOf } from './clients';
import type { Context } from './context';
import { CliError } from './errors';
import type { Connection } from './systems-manager';

const PLUGIN = 'session-manager-plugin';
/** `npm run lab:plugin` builds one here. */
const OF_LAB = join(REPOSITORY, '.lab/bin');
const INSTALL =
  'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';
/** The plugin takes the answer of StartSession from this variable, where nobody else sees its token. */
const RESPONSE_VARIABLE = 'AWS_SSM_START_SESSION_RESPONSE';
/** The one after the last that does not [aws-cli, customizations/sessionmanager.py: LAST_PLUGIN_VERSION_WITHOUT_ENV_VAR]. */
const OLDEST_VERSION = [1, 2, 498] as const;
/** Once its session has ended it ends by itself, and gives the terminal back. */
const STOP_MS = 3_000;

/** @throws CliError saying how to install it, or that it is too old */
export async function findPlugin(
  { terminal, isLab }: Pick<Context, 'terminal' | 'isLab'>,
  what: string,
  ofLab = OF_LAB,
): Promise<string> {
  const folders = [...(terminal.io.env.PATH ?? '').split(delimiter).filter(Boolean), ...(isLab ? [ofLab] : [])];
  const found = folders.map((folder) => join(folder, PLUGIN)).find(isExecutable);
  const next = [
    ...(isLab ? ['npm run lab:plugin    # builds it for this clone, from its source'] : []),
    `${isLab ? 'or ' : ''}install it: ${INSTALL}`,
  ];
  if (found === undefined)
    throw new CliError(what, `Session Manager's plugin (${PLUGIN}) was not found in PATH`, next, 'no-plugin');
  const version = (await promisify(execFile)(found, ['--version'])).stdout.trim();
  if (isOlder(version))
    throw new CliError(
      what,
      `${found} is version ${version}, expected ${OLDEST_VERSION.join('.')} or newer`,
      next,
      'no-plugin',
    );
  return found;
}

/** Pure: `1.2.498.0` and later are not. */
export function isOlder(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, oldest] of OLDEST_VERSION.entries()) {
    const part = parts[index] ?? 0;
    if (part !== oldest) return !(part > oldest);
  }
  return false;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How the plugin is called for a session, as the AWS CLI does. */
export interface PluginCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Session {
  readonly call: PluginCall;
  /** Ends it; one that has ended is not ended twice. */
  readonly end: () => Promise<void>;
}

/** Starts the plugin; replaced by tests. */
export type StartPlugin = (call: PluginCall, stdio: StdioOptions) => ChildProcess;

export const startPlugin: StartPlugin = ({ program, args, env }, stdio) => spawn(program, args, { env, stdio });

export async function openSession(
  context: Context,
  { ssm, region }: Connection,
  program: string,
  request: StartSessionCommandInput,
): Promise<Session> {
  const { terminal, profile, endpoint } = context;
  const { SessionId, StreamUrl, TokenValue } = await ssm.send(new StartSessionCommand(request));
  const call = {
    program,
    args: [
      RESPONSE_VARIABLE,
      region,
      'StartSession',
      profile ?? terminal.io.env.AWS_PROFILE ?? '',
      JSON.stringify(request),
      endpoint ?? `https://ssm.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`,
    ],
    env: { ...terminal.io.env, [RESPONSE_VARIABLE]: JSON.stringify({ SessionId, StreamUrl, TokenValue }) },
  };
  let ending: Promise<void> | undefined;
  // After Ctrl-C as well, with which the other calls of this verb are cut off.
  const caller = { ...context, interrupted: new AbortController().signal, timeoutSeconds: STOP_MS / 1000 };
  const terminate = async (): Promise<void> => {
    const client = (await clientsOf(caller, region))(SSMClient);
    // It may have ended already, and it ends by itself when nothing is said in it.
    await client.send(new TerminateSessionCommand({ SessionId })).catch(() => undefined);
  };
  return { call, end: () => (ending ??= terminate()) };
}

/**
 * Runs the plugin to its end, and ends the session with it. Interrupted, the session is ended, and the plugin by that.
 *
 * @param use is given the plugin once it runs
 * @returns its exit code, or the number that a shell reports for a signal
 */
export async function runPlugin(
  { call, end }: Session,
  start: StartPlugin,
  stdio: StdioOptions,
  interrupted: AbortSignal,
  use: (child: ChildProcess) => void = () => undefined,
): Promise<number> {
  let kill: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  try {
    const child = start(call, stdio);
    const ended = new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code ?? 128 + system.signals[signal ?? 'SIGTERM']));
    });
    ended.catch(() => undefined);
    stop = () => {
      void end();
      kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    };
    interrupted.addEventListener('abort', stop, { once: true });
    if (interrupted.aborted) stop();
    use(child);
    return await ended;
  } finally {
    interrupted.removeEventListener('abort', stop);
    clearTimeout(kill);
    await end();
  }
}
