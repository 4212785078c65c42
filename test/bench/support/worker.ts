/** Starts the worker as a container in the network of a rig: what it sends never leaves that network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleProgram } from '../../../lib/constructs/bundle';
import { REPOSITORY } from '../../../lib/repository';
import { baseImage } from '../../../lib/base-images';
import { docker } from '../../../lib/lab/docker';
import type { Rig } from '../../rig/rig';
import { readLogs } from '../../rig/task';
import type { Job } from '../worker/job';

const NODE_TARGET = 'node22';
const SECRETS = ['kafka-password-admin', 'mongodb-password-processor', 'api-key'];
let bundled = false;
let started = 0;

function bundle(): string {
  const file = path.join('build', 'rig', 'bench-worker.js');
  if (!bundled) bundleProgram('test/bench/worker/main.ts', file, NODE_TARGET);
  bundled = true;
  return path.join(REPOSITORY, file);
}

export interface RunningJob<Result> {
  readonly container: string;
  readonly result: Promise<Result>;
}

/** Starts one job; `result` rejects with the last lines of its output if it fails. */
export async function startJob<Result>(rig: Rig, job: Job): Promise<RunningJob<Result>> {
  started += 1;
  const directory = path.join(REPOSITORY, 'build', 'rig', rig.name);
  const jobFile = path.join(directory, `job-${started}.json`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(jobFile, JSON.stringify(job), { mode: 0o444 });
  const container = `${rig.network}-job-${started}`;
  const mount = (source: string, target: string): string[] => [
    '--mount',
    `type=bind,source=${source},destination=${target},readonly`,
  ];
  await docker([
    ...['run', '--detach', '--name', container, '--network', rig.network, '--user', '1000:1000'],
    ...Object.entries(rig.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...SECRETS.flatMap((name) => mount(path.join(directory, 'secrets', name), `/run/secrets/${name}`)),
    ...mount(jobFile, '/etc/metals/job.json'),
    ...mount(bundle(), '/app/worker.js'),
    ...[baseImage('node'), 'node', '--max-old-space-size=4096', '/app/worker.js'],
  ]);
  return { container, result: finish<Result>(container, job) };
}

export async function runJob<Result>(rig: Rig, job: Job): Promise<Result> {
  return (await startJob<Result>(rig, job)).result;
}

async function finish<Result>(container: string, job: Job): Promise<Result> {
  const exitCode = (await docker(['wait', container])).trim();
  const output = await readLogs(container);
  await docker(['rm', '--force', container]);
  if (exitCode !== '0') throw new Error(`${job.verb} ended with ${exitCode}: ${output.slice(-2_000)}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Result;
}
