/** ministack as a child process: started with the lab's settings, watched, and stopped so that it saves its state. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../contract';
import { errorText, type Log } from './log';
import type { GatewaySettings } from './settings';
import type { Upstream } from './upstream';

const START_DEADLINE_SECONDS = 60;
const STOP_DEADLINE_SECONDS = 25;
const POLL_MILLISECONDS = 100;

/** What ministack and the Lambdas it runs may see of the gateway's environment: programs, home, authorities of TLS. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'];

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
    STATE_DIR: path.join(stateDirectory, 'ministack'),
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
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  /** What it is not ready for, or undefined. */
  private async readiness(): Promise<string | undefined> {
    try {
      const { status, text } = await this.upstream.request('GET', '/_ministack/ready');
      return status === 200 ? undefined : text.slice(0, 200);
    } catch (error) {
      return errorText(error);
    }
  }

  /** SIGTERM makes it save its state, the only moment at which it does. */
  async stop(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.stopping = true;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.log('ministack', `did not end in ${STOP_DEADLINE_SECONDS} s and is killed: its latest state is lost`);
      child.kill('SIGKILL');
    }, STOP_DEADLINE_SECONDS * 1000);
    await ended;
    clearTimeout(timer);
  }
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
