/** Runs the naive contender in a container of the product's base image. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleProgram } from '../../../lib/constructs/bundle';
import { REPOSITORY } from '../../../lib/repository';
import { baseImage } from '../../../lib/base-images';
import { docker } from '../../../lib/lab/docker';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { TOPIC } from '../worker/job';
import { rigDirectory, runContender } from './contender';
import type { NaiveConfig, NaiveResult } from './naive';

/** As naive.ts writes it, which cannot be imported here: it runs when it is loaded. */
const RESULT_MARK = 'result ';
const BUNDLE = path.join('build', 'rig', 'naive.js');

export interface RunningNaive {
  readonly task: Task;
  /** Rejects with the last lines of its output if it fails; the container is gone afterwards. */
  readonly result: Promise<NaiveResult>;
}

/** `consume` reads from the topic's beginning, in a group of its own unless `groupId` says otherwise. */
export async function startNaive(
  rig: Rig,
  verb: 'produce' | 'consume',
  { events, groupId = `naive-${randomUUID()}` }: Pick<NaiveConfig, 'events'> & Partial<NaiveConfig>,
): Promise<RunningNaive> {
  bundleProgram('test/bench/contenders/naive.ts', BUNDLE, 'node22');
  const configFile = path.join(rigDirectory(rig), `naive-${verb}.json`);
  const config: NaiveConfig = { topic: TOPIC, groupId, events };
  rmSync(configFile, { force: true });
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o444 });
  const task = await runContender(rig, {
    alias: `naive-${verb}`,
    image: baseImage('node'),
    command: ['node', '/app/naive.js', verb],
    secrets: ['kafka-password-admin', 'mongodb-password-processor'],
    files: { '/app/naive.js': path.join(REPOSITORY, BUNDLE), '/etc/metals/naive.json': configFile },
  });
  return { task, result: finish(task, verb) };
}

async function finish(task: Task, verb: string): Promise<NaiveResult> {
  const exitCode = (await docker(['wait', task.container])).trim();
  const output = await task.logs();
  await task.remove();
  if (exitCode !== '0') throw new Error(`naive ${verb} ended with ${exitCode}: ${output.slice(-2_000)}`);
  return readResult(output);
}

/** Pure: finds the result among the lines that kafkajs writes. */
export function readResult(output: string): NaiveResult {
  const line = output.split('\n').find((text) => text.startsWith(RESULT_MARK));
  if (line === undefined) throw new Error(`the naive contender printed no result: ${output.slice(-500)}`);
  return JSON.parse(line.slice(RESULT_MARK.length)) as NaiveResult;
}
