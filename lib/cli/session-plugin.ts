/** Session Manager's own plugin, which carries every session: found, started, and told where to connect. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StartSessionCommand, type StartSessionCommandInput } from '@aws-sdk/client-ssm';
import { REPOSITORY } from '../repository';
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

/** @throws CliError saying how to install it */
export function findPlugin(
  { terminal, isLab }: Pick<Context, 'terminal' | 'isLab'>,
  what: string,
  ofLab = OF_LAB,
): string {
  const folders = [...(terminal.io.env.PATH ?? '').split(delimiter).filter(Boolean), ...(isLab ? [ofLab] : [])];
  const found = folders.map((folder) => join(folder, PLUGIN)).find(isExecutable);
  if (found !== undefined) return found;
  throw new CliError(
    what,
    `Session Manager's plugin (${PLUGIN}) is in no folder of PATH`,
    [
      ...(isLab ? ['npm run lab:plugin    # builds it for this clone, from its source'] : []),
      `${isLab ? 'or ' : ''}install it: ${INSTALL}`,
    ],
    'no-plugin',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface PluginCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the plugin; replaced by tests. */
export type StartPlugin = (call: PluginCall, stdio: StdioOptions) => ChildProcess;

export const startPlugin: StartPlugin = ({ program, args, env }, stdio) => spawn(program, args, { env, stdio });

/** Opens a session, and answers how the plugin is called for it, as the AWS CLI does. */
export async function openSession(
  { terminal, profile, endpoint }: Context,
  { ssm, region }: Connection,
  program: string,
  request: StartSessionCommandInput,
): Promise<PluginCall> {
  const { SessionId, StreamUrl, TokenValue } = await ssm.send(new StartSessionCommand(request));
  return {
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
}

/** Its exit code, or the number that a shell reports for a signal. */
export const pluginEnded = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
