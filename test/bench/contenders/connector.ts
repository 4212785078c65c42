/** MongoDB's Kafka sink connector on Kafka Connect standalone, with the settings of one who wants it fast. */
import { request } from 'node:http';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { baseImage } from '../../../lib/base-images';
import { contentHash, directoryHash } from '../../../lib/lab/content-hash';
import { build, inspectImages } from '../../../lib/lab/docker';
import { timed, type Progress } from '../../../lib/lab/lab-error';
import { call } from '../../rig/http';
import { freePort } from '../../rig/network';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import { waitUntil } from '../../rig/wait';
import { runContender } from './contender';

const SOURCE = path.join(REPOSITORY, 'test', 'bench', 'connector');
const CONNECTOR = '/connectors/prices';
const TASKS = 6;
const PORT = 8083;
const READY_SECONDS = 120;
const ANSWER_TIMEOUT_MS = 5_000;
const QUIET: Progress = { report: () => undefined, signal: new AbortController().signal };

/** Builds the image unless it is there, and returns its name. The first time it fetches a Java compiler and Maven. */
export async function buildConnectorImage(progress: Progress = QUIET): Promise<string> {
  const bases = [baseImage('kafka'), baseImage('debian')];
  const present = await inspectImages(bases, progress.signal);
  const missing = bases.find((name) => !present.has(name));
  if (missing !== undefined)
    throw new Error(`${missing} is missing; next: npm run lab (or docker images metals-lab/*)`);
  const content = contentHash([...bases.map((name) => present.get(name)!.id), directoryHash(SOURCE)]);
  const image = `metals-rig/connector:${content}`;
  if ((await inspectImages([image], progress.signal)).has(image)) return image;
  const buildArguments = { BASE: bases[0], DEBIAN: bases[1] };
  await timed(progress, `build ${image}`, () =>
    build({ image, directory: SOURCE, buildArguments, labels: {} }, progress),
  );
  return image;
}

export interface ConnectorOptions {
  /** Java's -Xmx. 128 holds as well: a third less resident memory, for somewhat more CPU. @default 256 */
  readonly heapMb?: number;
  /** @default no limit */
  readonly cpus?: number;
}

export interface Connector {
  readonly task: Task;
  /** The consumers leave the group; records wait on the topic until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** User and system, since it was started. */
  cpuSeconds(): Promise<number>;
  residentBytes(): Promise<number>;
  /** Flushes offsets, ends and removes it. */
  stop(): Promise<void>;
}

/** Starts one, as the only consumer of its group, and waits until every task runs. */
export async function startConnector(rig: Rig, options: ConnectorOptions = {}): Promise<Connector> {
  const image = await buildConnectorImage();
  const task = await runContender(rig, {
    alias: 'connector',
    image,
    environment: { METALS_CONNECT_HEAP_MB: String(options.heapMb ?? 256) },
    secrets: ['kafka-password-admin', 'mongodb-password-processor'],
    port: { host: await freePort(), container: PORT },
    cpus: options.cpus,
    look: (self) => notYet(self, 'RUNNING'),
  });
  const stop = async (): Promise<void> => {
    await task.stop();
    await task.remove();
  };
  try {
    await task.ready(READY_SECONDS);
  } catch (error) {
    await task.remove();
    throw error;
  }
  return {
    task,
    pause: () => change(task, 'pause', 'PAUSED'),
    resume: () => change(task, 'resume', 'RUNNING'),
    cpuSeconds: async () => (await task.stats()).cpuMs / 1_000,
    residentBytes: async () => (await task.stats()).memoryBytes,
    stop,
  };
}

type State = 'RUNNING' | 'PAUSED';

export interface ConnectorStatus {
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/** Pure: undefined once the connector and each of its tasks are in that state, or what is not. */
export function whyNot({ connector, tasks }: ConnectorStatus, state: State): string | undefined {
  const parts = [{ name: 'connector', ...connector }, ...tasks.map((task) => ({ name: `task ${task.id}`, ...task }))];
  const other = parts.find((part) => part.state !== state);
  if (other !== undefined) return `${other.name} is ${other.state} ${other.trace?.slice(0, 500) ?? ''}`.trim();
  return tasks.length === TASKS ? undefined : `${tasks.length} of ${TASKS} tasks are ${state}`;
}

async function notYet(task: Task, state: State): Promise<string | undefined> {
  const { status, text } = await call(`${task.url}${CONNECTOR}/status`);
  return status === 200 ? whyNot(JSON.parse(text) as ConnectorStatus, state) : `${CONNECTOR}/status answered ${status}`;
}

async function change(task: Task, verb: 'pause' | 'resume', state: State): Promise<void> {
  const status = await put(`${task.url}${CONNECTOR}/${verb}`);
  if (status !== 202) throw new Error(`${verb} of the connector answered ${status}, expected 202`);
  await waitUntil({ what: `${verb} of the connector`, timeoutSeconds: 30 }, () => notYet(task, state));
}

function put(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PUT', timeout: ANSWER_TIMEOUT_MS, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!));
    });
    sent.on('timeout', () => sent.destroy(new Error(`PUT ${url}: no answer in ${ANSWER_TIMEOUT_MS} ms`)));
    sent.on('error', reject).end();
  });
}
