/** One container of the rig: the broker, the store, or a replica of a service. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../../lib/lab/docker';
import { askDocker } from './docker-api';
import { call } from './http';
import { containerStats, parseMetrics, type ContainerStats } from './stats';
import { GaveUpError, waitUntil } from './wait';

const PAUSE_ATTEMPTS = 5;
const PAUSE_RETRY_MS = 500;

export interface TaskFacts {
  /** Name of the container. */
  readonly container: string;
  readonly network: string;
  readonly alias: string;
  /** In the network, for the life of the container; undefined: Docker gives it one at each start. */
  readonly address?: string;
  /** On 127.0.0.1; the same for the life of the container. */
  readonly port: number;
  /** Undefined once it can be used, or why not. */
  readonly look: (task: Task) => Promise<string | undefined>;
  readonly report: (line: string) => void;
}

export interface TaskState {
  readonly running: boolean;
  readonly exitCode: number;
  readonly startedAt: string;
  readonly oomKilled: boolean;
}

/** Of what /health of a service answers, the part that tests and benchmarks look at. */
export interface TaskHealth {
  readonly status: string;
  readonly reasons: readonly string[];
  readonly states: readonly string[];
  readonly processed_count: number;
}

export class Task {
  readonly container: string;
  readonly url: string;
  readonly port: number;

  constructor(private readonly facts: TaskFacts) {
    this.container = facts.container;
    this.port = facts.port;
    this.url = `http://127.0.0.1:${facts.port}`;
  }

  async ready(timeoutSeconds = 60): Promise<void> {
    const { container, look, report } = this.facts;
    await waitUntil({ what: container, timeoutSeconds, report }, async () => {
      const { running, exitCode } = await this.state().catch((error: Error) => {
        throw new GaveUpError(error.message);
      });
      if (!running) throw new GaveUpError(`it ended with ${exitCode}: ${(await this.logs(5)).trim()}`);
      return look(this);
    });
  }

  async kill(signal = 'KILL'): Promise<void> {
    await docker(['kill', '--signal', signal, this.container]);
  }

  /** As the Swarm stops a task: SIGTERM, and SIGKILL after the grace period. */
  async stop(graceSeconds = 30): Promise<void> {
    await docker(['stop', '--time', String(graceSeconds), this.container]);
  }

  /** Starts the same container again, with the data of its volumes. */
  async start(): Promise<void> {
    await docker(['start', this.container]);
  }

  async remove(): Promise<void> {
    await docker(['rm', '--force', this.container]);
  }

  async state(): Promise<TaskState> {
    const { State: state } = await this.inspect();
    return {
      running: state.Running as boolean,
      exitCode: state.ExitCode as number,
      startedAt: state.StartedAt as string,
      oomKilled: state.OOMKilled as boolean,
    };
  }

  /** Waits for the end and returns the exit code; 137 after a SIGKILL. */
  async exited(timeoutSeconds = 60): Promise<number> {
    await waitUntil({ what: `the end of ${this.container}`, timeoutSeconds }, async () =>
      (await this.state()).running ? 'it runs' : undefined,
    );
    return (await this.state()).exitCode;
  }

  /** Of the rig's network; also while the container is cut off or does not run. */
  get address(): string {
    if (this.facts.address === undefined) throw new Error(`${this.container} has no fixed address`);
    return this.facts.address;
  }

  /** Takes the container off the network, until the function that it returns is called: same address, same names. */
  async cut(): Promise<() => Promise<void>> {
    const { network, alias } = this.facts;
    const { address } = this;
    await docker(['network', 'disconnect', '--force', network, this.container]);
    return async () => {
      await docker(['network', 'connect', '--ip', address, '--alias', alias, network, this.container]);
    };
  }

  /** Freezes every process of the container, until the function that it returns is called: nothing closes, nothing answers. */
  async pause(): Promise<() => Promise<void>> {
    // Docker's runtime gives a freeze up that takes long, as on a busy machine ("unable to freeze").
    for (let attempt = 1; ; attempt += 1) {
      try {
        await docker(['pause', this.container]);
        break;
      } catch (error) {
        if (attempt === PAUSE_ATTEMPTS) throw error;
        await sleep(PAUSE_RETRY_MS);
      }
    }
    return async () => {
      await docker(['unpause', this.container]);
    };
  }

  /** Gives the running container so little of the CPU, until the function that it returns is called. */
  async limitCpus(cpus: number): Promise<() => Promise<void>> {
    const before = ((await this.inspect()).HostConfig.NanoCpus as number) / 1e9;
    const set = (count: number): Promise<string> => docker(['update', '--cpus', String(count), this.container]);
    await set(cpus);
    return async () => {
      // Docker takes 0, which means without a limit, for nothing to change.
      await set(before === 0 ? availableParallelism() : before);
    };
  }

  logs(lines?: number): Promise<string> {
    return readLogs(this.container, lines);
  }

  /** @param sinceMs as of Date.now(). @default since the container is there */
  countLogLines(sinceMs = 0): Promise<number> {
    return countLines(this.container, sinceMs);
  }

  stats(): Promise<ContainerStats> {
    return containerStats(this.container);
  }

  /** Samples of /metrics, of the two services. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { status, text } = await call(`${this.url}/metrics`);
    if (status !== 200) throw new Error(`${this.url}/metrics answered ${status}`);
    return parseMetrics(text);
  }

  /** What the service itself has used: in its container, each health check is a process of its own beside it. */
  async cpuSeconds(): Promise<number> {
    const seconds = (await this.metrics()).get('process_cpu_seconds_total');
    if (seconds === undefined) throw new Error(`${this.container} has no metric process_cpu_seconds_total`);
    return seconds;
  }

  async health(): Promise<TaskHealth> {
    return JSON.parse((await call(`${this.url}/health`)).text) as TaskHealth;
  }

  private inspect(): Promise<any> {
    return askDocker(`/containers/${this.container}/json`);
  }
}

/** Both streams of a container. */
export async function readLogs(container: string, lines?: number): Promise<string> {
  const output: string[] = [];
  const tail = lines === undefined ? [] : ['--tail', String(lines)];
  await docker(['logs', ...tail, container], { onLine: (line) => output.push(line) });
  return output.join('\n');
}

async function countLines(container: string, sinceMs: number): Promise<number> {
  let lines = 0;
  const since = new Date(sinceMs).toISOString();
  await docker(['logs', '--since', since, container], { onLine: () => (lines += 1) });
  return lines;
}
