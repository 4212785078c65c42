/** The container that answers as AWS: gateway and ministack, with the Docker socket. */
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_MANAGER, LAB_DEFAULT_PORT, LAB_LABEL, PROCESSOR_PORT, PRODUCER_PORT } from '../contract';
import { contentHash } from './content-hash';
import { docker } from './docker';
import type { LabImages } from './images';
import type { LabEnvironment } from './lab-files';
import { LabError, type Progress } from './lab-error';
import { CONFIGURATION_LABEL, GATEWAY_CONTAINER, STATE_VOLUME } from './names';
import type { VolumeKind } from './loop-devices';
import { endpointUrl, type LabOptions, type LabTiming } from './options';
import { tryRun } from './process';
import { waitForOperations } from './stack-operations';

/** ministack writes the last of its state when it is told to stop. */
const STOP_TIMEOUT_SECONDS = 30;
const START_DEADLINE_SECONDS = 60;
const POLL_MILLISECONDS = 250;
const SECRET_FILE_INSIDE = '/etc/metals-lab-secret';
const STATE_DIRECTORY = '/var/lib/metals-lab';

export interface GatewayStart {
  readonly images: LabImages;
  readonly options: LabOptions;
  readonly timing: LabTiming;
  readonly volumes: VolumeKind;
  /** File that holds the lab's secret access key. */
  readonly secretFile: string;
  /** Path of the Docker socket on the daemon's machine. */
  readonly socket: string;
  /** `enforce`, `record` or `off`: what happens to calls that a role's policies do not allow. */
  readonly iamMode: string;
}

/** Pure: `docker create` for the gateway. The secret is copied in afterwards: arguments can be read by anyone. */
export function createArguments(
  { images, options, timing, volumes, iamMode, socket }: GatewayStart,
  configuration: string,
): string[] {
  const environment = {
    LAB_PORT: LAB_DEFAULT_PORT,
    LAB_NODE_IMAGE: images.node,
    LAB_CONTAINER_NAME: GATEWAY_CONTAINER,
    LAB_SECRET_FILE: SECRET_FILE_INSIDE,
    LAB_STATE_DIRECTORY: STATE_DIRECTORY,
    LAB_PUBLISH: `${FIRST_MANAGER}=${PRODUCER_PORT},${PROCESSOR_PORT}`,
    LAB_PROFILE: timing.profile,
    LAB_SEED: timing.seed,
    LAB_VOLUMES: volumes,
    LAB_IAM: iamMode,
  };
  return [
    ...['create', '--name', GATEWAY_CONTAINER, '--hostname', 'aws'],
    ...['--label', `${LAB_LABEL}=1`, '--label', `${CONFIGURATION_LABEL}=${configuration}`],
    ...['--stop-timeout', String(STOP_TIMEOUT_SECONDS)],
    ...['--publish', `127.0.0.1:${options.port}:${LAB_DEFAULT_PORT}`],
    ...['--publish', `127.0.0.1:${options.producerPort}:${PRODUCER_PORT}`],
    ...['--publish', `127.0.0.1:${options.processorPort}:${PROCESSOR_PORT}`],
    ...['--volume', `${STATE_VOLUME}:${STATE_DIRECTORY}`],
    ...['--volume', `${socket}:/var/run/docker.sock`],
    ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    images.aws,
  ];
}

/** Starts the gateway, or leaves it alone when it runs as it should; either way it answers afterwards. */
export async function ensureGateway(start: GatewayStart, lab: LabEnvironment, progress: Progress): Promise<void> {
  const { report, signal } = progress;
  const configuration = contentHash([JSON.stringify(createArguments(start, '')), lab.AWS_SECRET_ACCESS_KEY!]);
  const found = await inspectGateway(signal);
  const fits = found?.configuration === configuration;
  if (fits && found.running) {
    report('gateway: runs already');
    return waitUntilHealthy(start.options, progress);
  }
  if (found && !fits) {
    report('gateway: its image or settings have changed, so its container is replaced; its state stays');
    await letOperationsEnd(found, lab, progress);
    await removeGateway(signal);
  }
  if (!fits) await createGateway(start, configuration, signal);
  await startGateway(signal);
  await waitUntilHealthy(start.options, progress);
}

async function startGateway(signal: AbortSignal): Promise<void> {
  try {
    await docker(['start', GATEWAY_CONTAINER], { signal });
  } catch (error) {
    if (!/port is already allocated/.test((error as Error).message)) throw error;
    throw new LabError(`the gateway cannot have its ports: ${(error as Error).message}`, [
      'npm run lab:down && npm run lab    # if it is a node of an older lab that publishes them',
    ]);
  }
}

/** Only a gateway that answers can be in the middle of something. */
async function letOperationsEnd(
  { running, port }: FoundGateway,
  lab: LabEnvironment,
  progress: Progress,
): Promise<void> {
  if (!running || port === undefined) return;
  const endpoint = endpointUrl({ port });
  if ((await healthAnswer(`${endpoint}/_lab/health`)) !== 'ok') return;
  try {
    await waitForOperations({ ...lab, AWS_ENDPOINT_URL: endpoint }, progress);
  } catch (error) {
    // It was started with another secret, by another copy of the repository: what it does cannot be asked.
    if ((error as Error).name !== 'SignatureDoesNotMatch') throw error;
    progress.report('gateway: it was started with another secret (another copy of the repository?)');
  }
}

async function createGateway(start: GatewayStart, configuration: string, signal: AbortSignal): Promise<void> {
  await docker(['volume', 'create', '--label', `${LAB_LABEL}=1`, STATE_VOLUME], { signal });
  await docker(createArguments(start, configuration), { signal });
  try {
    await docker(['cp', start.secretFile, `${GATEWAY_CONTAINER}:${SECRET_FILE_INSIDE}`], { signal });
  } catch (error) {
    // Without its secret it could never start, and the next run would take it for complete.
    await docker(['rm', '--force', GATEWAY_CONTAINER]);
    throw error;
  }
}

/** Stops in order first: what ministack holds in memory alone, of the last seconds, is written to the volume then. */
export async function removeGateway(signal?: AbortSignal): Promise<void> {
  await docker(['stop', '--time', String(STOP_TIMEOUT_SECONDS), GATEWAY_CONTAINER], { signal });
  await docker(['rm', '--force', GATEWAY_CONTAINER], { signal });
}

export interface FoundGateway {
  readonly running: boolean;
  readonly configuration: string;
  readonly image: string;
  /** Published port of the API; undefined where it publishes none. */
  readonly port: number | undefined;
  /** Published ports that lead to the nodes. */
  readonly producerPort: number | undefined;
  readonly processorPort: number | undefined;
}

export async function inspectGateway(signal?: AbortSignal): Promise<FoundGateway | undefined> {
  const { stdout } = await tryRun('docker', ['container', 'inspect', GATEWAY_CONTAINER], { signal });
  return parseGateway(stdout);
}

export function parseGateway(json: string): FoundGateway | undefined {
  const [container] = JSON.parse(json.trim() || '[]') as readonly {
    State: { Running: boolean };
    Config: { Image: string; Labels: Record<string, string> | null };
    HostConfig: { PortBindings?: Record<string, { HostPort: string }[] | null> | null };
  }[];
  if (!container) return undefined;
  const published = (port: number): number | undefined => {
    const bound = container.HostConfig.PortBindings?.[`${port}/tcp`]?.[0]?.HostPort;
    return bound === undefined ? undefined : Number(bound);
  };
  return {
    running: container.State.Running,
    configuration: container.Config.Labels?.[CONFIGURATION_LABEL] ?? '',
    image: container.Config.Image,
    port: published(LAB_DEFAULT_PORT),
    producerPort: published(PRODUCER_PORT),
    processorPort: published(PROCESSOR_PORT),
  };
}

async function waitUntilHealthy(options: LabOptions, { report, signal }: Progress): Promise<void> {
  const url = `${endpointUrl(options)}/_lab/health`;
  const deadline = Date.now() + START_DEADLINE_SECONDS * 1000;
  for (;;) {
    const answer = await healthAnswer(url);
    if (answer === 'ok') return report(`gateway: answers at ${endpointUrl(options)}`);
    if (!(await inspectGateway(signal))?.running) throw await startFailure('it ended', signal);
    if (Date.now() > deadline) throw await startFailure(`${url}: ${answer} after ${START_DEADLINE_SECONDS} s`, signal);
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
}

/** `ok`, or why not. */
export const healthAnswer = (url: string): Promise<string> =>
  new Promise((resolve) => {
    const request = http.get(url, { timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'ok' : `status ${response.statusCode}`);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.on('error', (error) => resolve(error.message));
  });

async function startFailure(reason: string, signal: AbortSignal): Promise<LabError> {
  const { stdout, stderr } = await tryRun('docker', ['logs', '--tail', '20', GATEWAY_CONTAINER], { signal });
  return new LabError(`the gateway did not start: ${reason}\n${`${stdout}${stderr}`.trim()}`, [
    `docker logs ${GATEWAY_CONTAINER}    # everything it said`,
    'npm run lab:down && npm run lab    # from nothing',
  ]);
}
