/** Runs the CDK's own command line against the lab, the same way as a user would by hand. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../contract';
import { lastEvents, otherCdk, progressLine } from './cdk-output';
import { FOREIGN_VARIABLES, type LabEnvironment } from './lab-files';
import { LabError, type Progress } from './lab-error';
import { REPOSITORY } from '../repository';
import { BUILD_DIRECTORY, LAB_DIRECTORY } from './paths';
import { tryRun } from './process';
import { cloudFormation, listStacks } from './stack-operations';

export const DEPLOY_LOG = path.join(LAB_DIRECTORY, 'deploy.log');
const CDK = path.join(REPOSITORY, 'node_modules', '.bin', 'cdk');
const BOOTSTRAP_STACK = 'CDKToolkit';
const READY = ['CREATE_COMPLETE', 'UPDATE_COMPLETE'];

/** Pure: this process's environment, with nothing in it that would lead past the lab. */
export function cdkEnvironment(own: NodeJS.ProcessEnv, lab: LabEnvironment): NodeJS.ProcessEnv {
  const inherited = Object.entries(own).filter(([name]) => !FOREIGN_VARIABLES.includes(name));
  return { ...Object.fromEntries(inherited), ...lab };
}

export async function bootstrap(lab: LabEnvironment, progress: Progress): Promise<void> {
  if (await isBootstrapped(lab)) return progress.report(`cdk bootstrap: ${BOOTSTRAP_STACK} is there already`);
  progress.report(`cdk bootstrap aws://${LAB_ACCOUNT_ID}/${LAB_REGION} …`);
  // Outside the repository's root there is no cdk.json, so the app is not synthesised for nothing.
  mkdirSync(BUILD_DIRECTORY, { recursive: true });
  await cdk(['bootstrap', `aws://${LAB_ACCOUNT_ID}/${LAB_REGION}`], BUILD_DIRECTORY, lab, progress);
}

/** `context`: settings of lib/config.ts, each `key=value`. */
export async function deploy(lab: LabEnvironment, context: readonly string[], progress: Progress): Promise<void> {
  progress.report('cdk deploy --all …');
  const settings = context.flatMap((setting) => ['--context', setting]);
  const options = ['--all', '--require-approval', 'never', '--progress', 'events', '--asset-build-concurrency', '4'];
  await cdk(['deploy', ...options, ...settings], REPOSITORY, lab, progress);
}

async function isBootstrapped(lab: LabEnvironment): Promise<boolean> {
  const client = cloudFormation(lab);
  try {
    return (await listStacks(client)).some(({ name, status }) => name === BOOTSTRAP_STACK && READY.includes(status));
  } finally {
    client.destroy();
  }
}

async function cdk(
  args: readonly string[],
  cwd: string,
  lab: LabEnvironment,
  { report, signal }: Progress,
): Promise<void> {
  writeFileSync(DEPLOY_LOG, `cdk ${args.join(' ')}\n`);
  const lines: string[] = [];
  const { exitCode } = await tryRun(CDK, args, {
    signal,
    cwd,
    env: cdkEnvironment(process.env, { ...lab, NO_COLOR: '1', CI: 'true' }),
    onLine: (line) => {
      appendFileSync(DEPLOY_LOG, `${line}\n`);
      lines.push(line);
      const told = progressLine(line);
      if (told !== undefined) report(told);
    },
  });
  if (exitCode === 0) return;
  const other = otherCdk(lines);
  if (other !== undefined) {
    throw new LabError(`another cdk, or metals deploy, is at work in this clone: process ${other}`, [
      'wait until it has ended, then: npm run lab',
    ]);
  }
  throw new LabError(`cdk ${args[0]} ended with exit code ${exitCode}:\n${lastEvents(lines).join('\n')}`, [
    `less ${path.relative(REPOSITORY, DEPLOY_LOG)}    # the whole output`,
    'npm run lab    # goes on where it stopped',
  ]);
}
