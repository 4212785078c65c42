/**
 * `npm run test:aws`: the lab's conformance cases against a real account. Deploys a stage of its own, runs the cases that
 * need nothing but AWS's APIs, and destroys the stage, whatever happened in between. It has never run.
 * Usage: request.ts. Exit codes: EXIT of lib/contract.ts, or that of the deployment or of the cases.
 */
// As in bin/metals.ts.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CloudFormationClient, DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import { clientConfig, type ClientConfig } from '../../lib/aws-client';
import { askOnTerminal } from '../../lib/cli/confirm';
import { CliError, explainError, USE_LAB } from '../../lib/cli/errors';
import { tellError } from '../../lib/cli/tell-error';
import { Terminal } from '../../lib/cli/terminal';
import { cloudFormationStackName, EXIT, STACKS } from '../../lib/contract';
import { asker } from '../../lib/preflight/fact';
import { readCaller } from '../../lib/preflight/read/caller';
import { createClients } from '../../lib/preflight/read/clients';
import { readLeftovers } from '../../lib/preflight/read/leftovers';
import { CASES, titlePattern } from './cases';
import { assertNothingThere } from './own-stage';
import { describePlan, plannedConfig, refusal, SETTINGS } from './plan';
import { NOT_STARTED, readRequest, USAGE, type AwsRequest } from './request';

const ROOT = resolve(__dirname, '../..');
const RESULTS = join(ROOT, 'build/test-results');

const say = (line: string): void => void process.stderr.write(`test-aws: ${line}\n`);

/** Runs a program of this repository, or one that it has installed, with this terminal; its exit code is the answer. */
const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((done, reject) => {
    say(`${program} ${args.join(' ')}`);
    const file = join(ROOT, program.includes('/') ? program : `node_modules/.bin/${program}`);
    const child = spawn(file, args, { cwd: ROOT, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => done(code ?? EXIT.interrupted));
  });

/** Account and region, of which it is known that they are AWS and that nothing of the stage is there. */
async function lookFirst(request: AwsRequest): Promise<{ account: string; region: string }> {
  const elsewhere = refusal('', process.env.AWS_ENDPOINT_URL);
  if (elsewhere) throw new CliError(NOT_STARTED, elsewhere.why, [elsewhere.next], 'wrong-place');
  const settings = { ...request, endpoint: undefined, env: process.env };
  const clients = await createClients(settings);
  const region = await clients.sts.config.region();
  const { account } = await readCaller(clients.sts, { ...settings, region }, NOT_STARTED);
  const lab = refusal(account, undefined);
  if (lab) throw new CliError(NOT_STARTED, lab.why, [lab.next], 'wrong-place');
  assertNothingThere(request.stage, region, await readLeftovers(clients, request, asker(false)));
  return { account, region };
}

async function testAws(request: AwsRequest): Promise<number> {
  const { stage, profile } = request;
  const { account, region } = await lookFirst(request).catch((error: unknown) => {
    const told = explainError(error, { what: NOT_STARTED, region: request.region ?? process.env.AWS_REGION, profile });
    // Here the lab is refused.
    throw told.withNext(told.next.filter((line) => line !== USE_LAB));
  });
  const env = {
    ...process.env,
    AWS_REGION: region,
    METALS_STAGE: stage,
    METALS_TEST_AWS: '1',
    ...(profile && { AWS_PROFILE: profile }),
  };
  const metals = (...args: string[]) => run('bin/metals', ['--stage', stage, '--region', region, ...args], env);
  const context = Object.entries(SETTINGS).flatMap(([key, value]) => ['--context', `${key}=${value}`]);
  const ready = await metals('preflight', ...context);
  if (ready !== EXIT.ok) {
    const next = `mend what its lines say, or see them again: ./bin/metals preflight --stage ${stage}`;
    throw new CliError(
      NOT_STARTED,
      `the preflight ended with ${ready}: its lines are above`,
      [next],
      'preflight-failed',
      { exitCode: ready },
    );
  }
  for (const line of describePlan(plannedConfig(stage, { account, region }), CASES)) say(line);
  if (!(await agreed(request))) {
    const next = `npm run test:aws -- --stage ${stage} --yes-destroy ${stage}    # agrees beforehand`;
    throw new CliError(NOT_STARTED, 'it was not agreed to; nothing was deployed', [next], 'declined');
  }
  // From here on something may cost: an interruption ends what runs, and the stage is destroyed all the same.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => say(`${signal}: the stage is destroyed next`));
  try {
    const deployed = await metals('deploy', '--yes', '--no-rollback', ...context);
    return deployed === 0 ? await runCases(env) : deployed;
  } finally {
    await saveEvents(await clientConfig({ region, profile, endpoint: undefined, env: process.env }), stage);
    const destroyed = await run('cdk', ['destroy', '--all', '--force', ...context, '--context', `stage=${stage}`], env);
    say(
      destroyed === 0
        ? `stage ${stage} is destroyed`
        : `stage ${stage} is NOT destroyed and goes on costing: AWS_REGION=${region} npm run cdk -- destroy --all -c stage=${stage}`,
    );
    if (destroyed !== 0) process.exitCode = destroyed;
  }
}

/** The stacks' events go with the stage: they are what explains a failure. */
async function saveEvents(config: ClientConfig, stage: string): Promise<void> {
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

/** Not a yes: whoever types the name has seen which stage it is. */
async function agreed({ stage, agreed: beforehand }: AwsRequest): Promise<boolean> {
  if (beforehand) return true;
  if (!process.stdin.isTTY) return false;
  const question = `To deploy it, pay for it and destroy it with its data, type the stage's name:`;
  return (await askOnTerminal(question, new AbortController().signal)) === stage;
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

async function main(): Promise<number> {
  try {
    const request = readRequest(process.argv.slice(2));
    if (request) return await testAws(request);
    process.stdout.write(USAGE);
    return EXIT.ok;
  } catch (error) {
    const told = explainError(error, { what: 'the run against AWS failed' });
    tellError(new Terminal(process, true, false), told);
    return told.exitCode;
  }
}

void main().then((code) => {
  process.exitCode ||= code;
});
