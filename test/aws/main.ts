/**
 * `npm run test:aws`: the lab's conformance cases against a real account. Deploys a stage of its own, runs the cases that
 * need nothing but AWS's APIs, and destroys the stage, whatever happened in between. It has never run.
 *
 *   npm run test:aws -- [--stage conformance] [--region REGION] [--profile PROFILE] [--yes]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  type CloudFormationClientConfig,
} from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { clientConfig } from '../../lib/aws-client';
import { confirmOnTerminal } from '../../lib/cli/confirm';
import { readConfig } from '../../lib/config';
import { cloudFormationStackName, STACKS } from '../../lib/contract';
import { readPinnedImages } from '../../lib/machine-images';
import { CASES, titlePattern } from './cases';
import { describePlan, refusal } from './plan';

const ROOT = resolve(__dirname, '../..');
const RESULTS = join(ROOT, 'build/test-results');

const say = (line: string): void => void process.stderr.write(`test-aws: ${line}\n`);

/** Runs a program of this repository with this terminal; its exit code is the answer. */
const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((done, reject) => {
    say(`${program} ${args.join(' ')}`);
    const child = spawn(join(ROOT, 'node_modules/.bin', program), args, { cwd: ROOT, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => done(code ?? 130));
  });

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string', default: 'conformance' },
      region: { type: 'string' },
      profile: { type: 'string' },
      yes: { type: 'boolean', default: false },
    },
  });
  const { stage, profile } = values;
  const given = { region: values.region, profile, endpoint: undefined, env: process.env };
  const refused = refusal('', process.env.AWS_ENDPOINT_URL);
  if (refused) return usage(refused);
  const sts = new STSClient(await clientConfig(given));
  const region = await sts.config.region();
  const { Account: account = '' } = await sts.send(new GetCallerIdentityCommand({}));
  const problem = refusal(account, undefined);
  if (problem) return usage(problem);
  const env = {
    ...process.env,
    AWS_REGION: region,
    METALS_STAGE: stage,
    METALS_TEST_AWS: '1',
    ...(profile && { AWS_PROFILE: profile }),
  };
  const metals = (...args: string[]) =>
    run('tsx', ['bin/metals.ts', '--stage', stage, '--region', region, ...args], env);
  const settings = ['dataRemoval=destroy'];
  const context = settings.flatMap((setting) => ['--context', setting]);
  if ((await metals('preflight', ...context)) !== 0)
    return usage('the preflight did not end with 0: its lines are above');
  const amiId = readPinnedImages()[region]?.imageId;
  const config = readConfig({ stage, dataRemoval: 'destroy', amiId }, { account, region });
  for (const line of describePlan(config, CASES)) say(line);
  if (!(await agreed(values.yes)))
    return usage('nothing was deployed: it was not agreed to; add --yes to agree beforehand');
  // From here on something may cost: an interruption ends what runs, and the stage is destroyed all the same.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => say(`${signal}: the stage is destroyed next`));
  try {
    const deployed = await metals('deploy', '--yes', '--no-rollback', ...context);
    return deployed === 0 ? await runCases(env) : deployed;
  } finally {
    await saveEvents(await clientConfig({ ...given, region }), stage);
    const destroyed = await run('cdk', ['destroy', '--all', '--force', ...context, '--context', `stage=${stage}`], env);
    say(
      destroyed === 0
        ? `stage ${stage} is destroyed`
        : `stage ${stage} is NOT destroyed and goes on costing: run it again`,
    );
    if (destroyed !== 0) process.exitCode = destroyed;
  }
}

/** The stacks' events go with the stage: they are what explains a failure. */
async function saveEvents(config: CloudFormationClientConfig, stage: string): Promise<void> {
  const client = new CloudFormationClient(config);
  mkdirSync(RESULTS, { recursive: true });
  for (const id of STACKS) {
    const StackName = cloudFormationStackName(stage, id);
    try {
      const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName }));
      const file = join(RESULTS, `aws-events-${id}.json`);
      writeFileSync(file, JSON.stringify(StackEvents, null, 2));
      say(`events of ${StackName}: ${file}`);
    } catch (error) {
      // The stack may not have been begun; whatever it is, the stage must still be destroyed.
      say(`events of ${StackName} could not be saved: ${(error as Error).message}`);
    }
  }
}

function usage(problem: string): number {
  say(`error: ${problem}`);
  return 2;
}

async function agreed(yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) return false;
  return confirmOnTerminal('Deploy it, and pay for it?', new AbortController().signal);
}

function runCases(env: NodeJS.ProcessEnv): Promise<number> {
  mkdirSync(RESULTS, { recursive: true });
  const cases = CASES.filter(({ runs }) => runs.length);
  return run(
    'jest',
    [
      ...['--selectProjects', 'aws', '--runInBand', '--verbose'],
      ...['--testPathPatterns', `/(${cases.map(({ file }) => file).join('|')})$`],
      ...['--testNamePattern', titlePattern(cases)],
      ...['--json', '--outputFile', join(RESULTS, 'aws.jest.json')],
    ],
    env,
  );
}

void main().then(
  (code) => {
    process.exitCode ||= code;
  },
  (error: unknown) => {
    say(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
