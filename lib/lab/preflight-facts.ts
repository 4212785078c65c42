/** Reads what preflight.ts decides on. Looks only; changes nothing. */
import { existsSync, statfsSync } from 'node:fs';
import net from 'node:net';
import { LAB_LABEL, LAB_PREFIX } from '../contract';
import { GATEWAY_CONTAINER, STATE_VOLUME } from './names';
import { PORT_FLAGS, type LabOptions } from './options';
import type { DockerState, LabObjects, PortUse, PreflightFacts } from './preflight';
import { lastLines, tryRun } from './process';

const NO_OBJECTS: LabObjects = { gateway: 'absent', nodes: 0, networks: 0, stateVolume: false };

export async function readPreflightFacts(options: LabOptions, signal: AbortSignal): Promise<PreflightFacts> {
  const { docker, directory } = await dockerState(signal);
  const ready = docker.kind === 'ready';
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    apt: existsSync('/usr/bin/apt-get'),
    systemd: existsSync('/run/systemd/system'),
    remoteDaemon: docker.kind === 'missing' ? undefined : await remoteDaemon(signal),
    docker,
    disk: directory === undefined ? undefined : diskOf(directory),
    portsInUse: await portsInUse(options, ready, signal),
    lab: ready ? await labObjects(signal) : NO_OBJECTS,
  };
}

async function dockerState(signal: AbortSignal): Promise<{ docker: DockerState; directory?: string }> {
  try {
    const { exitCode, stdout, stderr } = await tryRun('docker', ['info', '--format', '{{json .}}'], { signal });
    const info = JSON.parse(stdout.trim() || '{}') as Record<string, unknown>;
    const errors = (info.ServerErrors as string[] | undefined) ?? [];
    if (exitCode !== 0 || errors.length > 0 || typeof info.OSType !== 'string') {
      const reason = errors[0] ?? lastLines(stderr.trim(), 1);
      return { docker: { kind: 'unreachable', reason: reason || `docker info ended with exit code ${exitCode}` } };
    }
    const architecture = goArchitecture(String(info.Architecture));
    return {
      docker: { kind: 'ready', operatingSystem: info.OSType, architecture },
      directory: String(info.DockerRootDir),
    };
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { docker: { kind: 'missing' } };
    throw error;
  }
}

/** `docker info` speaks uname's language, everything else Go's. */
export const goArchitecture = (machine: string): string => ({ x86_64: 'amd64', aarch64: 'arm64' })[machine] ?? machine;

async function remoteDaemon(signal: AbortSignal): Promise<string | undefined> {
  const host = process.env.DOCKER_HOST ?? (await contextHost(signal));
  return host === '' || host.startsWith('unix://') || host.startsWith('npipe://') ? undefined : host;
}

async function contextHost(signal: AbortSignal): Promise<string> {
  const format = '{{.Endpoints.docker.Host}}';
  return (await tryRun('docker', ['context', 'inspect', '--format', format], { signal })).stdout.trim();
}

/** Undefined where the daemon's directory is not on this machine's file system (Docker Desktop's own virtual machine). */
function diskOf(directory: string): PreflightFacts['disk'] {
  if (!existsSync(directory)) return undefined;
  const { bavail, bsize } = statfsSync(directory);
  return { directory, freeGb: (bavail * bsize) / 1e9 };
}

async function portsInUse(
  options: LabOptions,
  dockerReady: boolean,
  signal: AbortSignal,
): Promise<PreflightFacts['portsInUse']> {
  const containers = dockerReady ? await publishedPorts(signal) : [];
  const used: Partial<Record<keyof LabOptions, PortUse>> = {};
  for (const key of Object.keys(PORT_FLAGS) as (keyof LabOptions)[]) {
    const port = options[key];
    if (await isFree(port)) continue;
    const container = containers.find(({ ports }) => ports.includes(port));
    if (container?.ofLab) continue;
    used[key] = { owner: container ? `container ${container.name}` : await processOnPort(port, signal) };
  }
  return used;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export interface PublishedPorts {
  readonly name: string;
  readonly ports: readonly number[];
  readonly ofLab: boolean;
}

async function publishedPorts(signal: AbortSignal): Promise<PublishedPorts[]> {
  const format = `{{.Names}}\t{{.Ports}}\t{{.Label "${LAB_LABEL}"}}`;
  const { stdout } = await tryRun('docker', ['ps', '--format', format], { signal });
  return stdout.split('\n').filter(Boolean).map(parsePublished);
}

/** `web\t127.0.0.1:8000->80/tcp, :::8001->81/tcp\t1` */
export function parsePublished(line: string): PublishedPorts {
  const [name = '', ports = '', label = ''] = line.split('\t');
  return {
    name,
    ports: [...ports.matchAll(/:(\d+)(?:-(\d+))?->/g)].flatMap(([, first, last]) =>
      range(Number(first), Number(last ?? first)),
    ),
    ofLab: label === '1',
  };
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function processOnPort(port: number, signal: AbortSignal): Promise<string> {
  const nobody = 'another program';
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['lsof', '-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fcp']
      : ['ss', '--no-header', '--listening', '--tcp', '--processes', `sport = :${port}`];
  try {
    const { stdout } = await tryRun(program!, args, { signal });
    return parseListener(stdout) ?? nobody;
  } catch (error) {
    signal.throwIfAborted();
    // The tool is not installed: the port is still in use, only its owner stays unknown.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nobody;
    throw error;
  }
}

/** Understands `ss --processes` and `lsof -F`. */
export function parseListener(text: string): string | undefined {
  const ss = /users:\(\("([^"]+)",pid=(\d+)/.exec(text);
  if (ss) return `${ss[1]} (process ${ss[2]})`;
  const [pid, name] = [/^p(\d+)$/m.exec(text)?.[1], /^c(.+)$/m.exec(text)?.[1]];
  return pid && name ? `${name} (process ${pid})` : undefined;
}

export async function labObjects(signal?: AbortSignal): Promise<LabObjects> {
  const list = async (...args: string[]): Promise<string[]> =>
    (await tryRun('docker', [...args, '--filter', `label=${LAB_LABEL}`], { signal })).stdout
      .split('\n')
      .filter(Boolean);
  const containers = await list('ps', '--all', '--format', '{{.Names}}\t{{.State}}');
  const gateway = containers.find((line) => line.startsWith(`${GATEWAY_CONTAINER}\t`));
  return {
    gateway: gateway === undefined ? 'absent' : gateway.endsWith('\trunning') ? 'running' : 'stopped',
    nodes: containers.filter((line) => line.startsWith(`${LAB_PREFIX}-i-`)).length,
    networks: (await list('network', 'ls', '--format', '{{.Name}}')).length,
    stateVolume: (await list('volume', 'ls', '--format', '{{.Name}}')).includes(STATE_VOLUME),
  };
}
