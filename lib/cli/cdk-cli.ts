/** The CDK CLI of this repository, as the verbs run it that deploy and destroy. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { EXIT } from '../contract';
import { DeadlineError } from '../ssm/deadline';
import { REPOSITORY } from '../repository';
import type { Context } from './context';

/** Runs the CDK CLI, and answers its exit code; replaced by tests. */
export type RunCdk = (args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<number>;

/** Everything that the CDK prints goes to stderr: stdout is for the result. */
export const runCdkCli: RunCdk = (args, env, signal) =>
  new Promise((done, reject) => {
    const startedAtMs = Date.now();
    const seconds = (): number => (Date.now() - startedAtMs) / 1000;
    const child = spawn(join(REPOSITORY, 'node_modules/.bin/cdk'), args, {
      cwd: REPOSITORY,
      env,
      stdio: ['inherit', process.stderr, process.stderr],
      signal,
      killSignal: 'SIGINT',
    });
    const isOverdue = (): boolean => (signal.reason as Error | undefined)?.name === 'TimeoutError';
    // The CDK takes a moment to stop, and its last lines come before ours.
    child.on('error', (error) => (isOverdue() ? undefined : reject(error)));
    child.on('close', (code) => {
      if (isOverdue())
        reject(new DeadlineError('cdk', seconds(), 'the CDK, which was stopped; CloudFormation goes on'));
      else done(code ?? EXIT.interrupted);
    });
  });

/** The CDK CLI takes region and colour from the environment. */
export function cdkEnvironment({ terminal, stage }: Context, region: string): NodeJS.ProcessEnv {
  const { env } = terminal.io;
  const plain = terminal.noteColors.isColorSupported ? {} : { NO_COLOR: '1', FORCE_COLOR: '0' };
  // Not only as an argument: the app would find two stages where the shell has another one.
  return { ...env, AWS_REGION: region, AWS_DEFAULT_REGION: region, METALS_STAGE: stage, ...plain };
}

/** Aborted by Ctrl-C, and by --timeout. */
export const cdkSignal = ({ timeoutSeconds, interrupted }: Context): AbortSignal =>
  timeoutSeconds === undefined
    ? interrupted
    : AbortSignal.any([interrupted, AbortSignal.timeout(timeoutSeconds * 1000)]);
