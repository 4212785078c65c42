/** ministack as a child process: started with the lab's settings, watched, and stopped so that it saves its state. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { settleSavedStacks } from './interrupted-stacks';
import { errorText, type Log } from '../log';
import type { GatewaySettings } from '../settings';
import type { Upstream } from './upstream';

const START_DEADLINE_SECONDS = 60;
const STOP_DEADLINE_SECONDS = 25;
/** How long nothing more is written before the state counts as saved. */
const SAVED_AFTER_QUIET_SECONDS = 5;
/** The kernel stamps files with the time of its last tick, which may lie before the signal that made them change. */
const TIMESTAMP_GRANULARITY_MILLISECONDS = 20;
const POLL_MILLISECONDS = 100;

/** What ministack and the Lambdas it runs may see of the gateway's environment: programs, home, authorities of TLS, the lab's seed. */
const INHERITED = [
  'PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'LAB_SEED',
]; // prettier-ignore

const stateDirectoryOf = (settings: GatewaySettings): string => path.join(settings.stateDirectory, 'ministack');

export function ministackEnvironment(
  settings: GatewaySettings,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
  const { stateDirectory } = settings;
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    GATEWAY_PORT: String(settings.upstreamPort),
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: LAB_REGION,
    MINISTACK_ACCOUNT_ID: LAB_ACCOUNT_ID,
    LOG_LEVEL: 'WARNING',
    // What Lambdas call: without it they would bypass the gateway.
    AWS_ENDPOINT_URL: `http://127.0.0.1:${settings.trustedPort}`,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // Local processes rather than containers beside the lab's.
    LAMBDA_EXECUTOR: 'local',
    NODE_PATH: settings.lambdaNodePath,
    PERSIST_STATE: '1',
    STATE_DIR: stateDirectoryOf(settings),
    S3_PERSIST: '1',
    S3_DATA_DIR: path.join(stateDirectory, 's3'),
  };
}

export class Ministack {
  private child: ChildProcess | undefined;
  private stopping = false;

  constructor(
    private readonly settings: GatewaySettings,
    private readonly upstream: Upstream,
    private readonly log: Log,
    /** Told when ministack ends although nobody stopped it. */
    private readonly onDeath: (reason: string) => void,
  ) {}

  get processId(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves once ministack answers. */
  async start(): Promise<void> {
    const env = ministackEnvironment(this.settings, process.env);
    for (const directory of [env.STATE_DIR!, env.S3_DATA_DIR!]) fs.mkdirSync(directory, { recursive: true });
    const settled = settleSavedStacks(env.STATE_DIR!);
    if (settled.length > 0)
      this.log('ministack', `was stopped while it deployed ${settled.join(', ')}; deploy again to complete them`);
    const child = spawn(this.settings.ministackCommand, [], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    this.child = child;
    let failure: string | undefined;
    child.on('error', (error) => (failure = `cannot start ${this.settings.ministackCommand}: ${error.message}`));
    child.on('exit', (code, signal) => {
      failure = `ministack ended with ${signal ?? `exit code ${code}`}`;
      if (!this.stopping) this.onDeath(failure);
    });
    const deadline = Date.now() + START_DEADLINE_SECONDS * 1000;
    for (;;) {
      if (failure) throw new Error(failure);
      const problem = await this.readiness();
      if (!problem) return;
      if (Date.now() > deadline) throw new Error(`ministack did not answer in ${START_DEADLINE_SECONDS} s: ${problem}`);
      await sleep(POLL_MILLISECONDS);
    }
  }

  /** What it is not ready for, or undefined. */
  private async readiness(): Promise<string | undefined> {
    try {
      const { status, text } = await this.upstream.request('GET', '/_ministack/ready');
      return status === 200 ? undefined : `status ${status} ${text.slice(0, 200)}`;
    } catch (error) {
      return errorText(error);
    }
  }

  /**
   * SIGTERM makes it save everything once more (assets/lab/aws/durable-ministack.py does while it runs). Afterwards it still
   * waits for every custom resource that is in progress, up to an hour: that is not waited for.
   */
  async stop(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.stopping = true;
    let ended = false;
    child.once('exit', () => (ended = true));
    const signalledAt = Date.now();
    child.kill('SIGTERM');
    while (!ended) {
      await sleep(POLL_MILLISECONDS);
      const savedAt = lastChange(stateDirectoryOf(this.settings));
      const isNew = savedAt >= signalledAt - TIMESTAMP_GRANULARITY_MILLISECONDS;
      const saved = isNew && Date.now() - savedAt > SAVED_AFTER_QUIET_SECONDS * 1000;
      const late = Date.now() - signalledAt > STOP_DEADLINE_SECONDS * 1000;
      if (ended || !(saved || late)) continue;
      const state = saved ? 'its state is saved' : `it has not saved its state in ${STOP_DEADLINE_SECONDS} s`;
      this.log('ministack', `is killed while a deployment runs: ${state}`);
      child.kill('SIGKILL');
      await sleep(POLL_MILLISECONDS);
    }
  }
}

/** When a file in the directory last changed; 0 where there is none. */
function lastChange(directory: string): number {
  const changes = fs.readdirSync(directory).map((name) => {
    // ministack renames each file when it is complete: one may vanish between listing and looking.
    return fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  });
  return Math.max(0, ...changes);
}

const LIST_TYPES =
  'import json; from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as h; print(json.dumps(sorted(h)))';

/** Which CloudFormation types ministack provisions, asked of ministack itself. */
export async function readEmulatedTypes(pythonCommand: string): Promise<ReadonlySet<string>> {
  const { stdout } = await promisify(execFile)(pythonCommand, ['-c', LIST_TYPES], { maxBuffer: 10 * 1024 * 1024 });
  const types = JSON.parse(stdout.trim().split('\n').pop()!) as string[];
  if (types.length === 0) throw new Error('ministack names no resource types: is it another version than 1.5.33?');
  return new Set(types);
}
