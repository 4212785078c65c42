/** Whether this machine can run the lab: pure checks on what preflight-facts.ts found. Nothing has been changed yet. */
import { LabError } from './lab-error';
import { PORT_FLAGS, type LabOptions } from './options';

export const REQUIRED_DISK_GB = 10;
const ARCHITECTURES = ['amd64', 'arm64'];

export type DockerState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'ready'; readonly operatingSystem: string; readonly architecture: string };

export interface PortUse {
  /** What listens there, as far as it can be known: `nginx (process 812)`, `container web`. */
  readonly owner: string;
}

/** Objects that carry the lab's label. */
export interface LabObjects {
  readonly gateway: 'running' | 'stopped' | 'absent';
  readonly nodes: number;
  readonly networks: number;
  readonly stateVolume: boolean;
}

export interface PreflightFacts {
  readonly platform: NodeJS.Platform;
  readonly root: boolean;
  /** True where bin/setup can install packages: Debian, Ubuntu. */
  readonly apt: boolean;
  /** True where systemd runs. */
  readonly systemd: boolean;
  /** A daemon on another machine, by DOCKER_HOST or a context. */
  readonly remoteDaemon: string | undefined;
  readonly docker: DockerState;
  /** Where Docker keeps its data, and how much is free there; undefined where this machine cannot see it. */
  readonly disk: { readonly directory: string; readonly freeGb: number } | undefined;
  /** Only ports that something other than the lab listens on. */
  readonly portsInUse: Partial<Record<keyof LabOptions, PortUse>>;
  readonly lab: LabObjects;
}

/** The first thing that stands in the way, or undefined. */
export function preflightProblem(facts: PreflightFacts, options: LabOptions): LabError | undefined {
  return daemonProblem(facts) ?? halfUpProblem(facts) ?? portProblem(facts, options) ?? diskProblem(facts);
}

/** What stands between this machine and a Docker daemon that fits, or undefined. */
export const daemonProblem = (facts: PreflightFacts): LabError | undefined =>
  platformProblem(facts) ?? dockerProblem(facts) ?? daemonPlatformProblem(facts);

function platformProblem({ platform, remoteDaemon }: PreflightFacts): LabError | undefined {
  if (platform !== 'linux' && platform !== 'darwin')
    return new LabError(`the lab runs on Linux and macOS: this is ${platform}`, [
      "run it inside WSL 2 (Windows), with Docker there: 'npm run lab'",
    ]);
  if (remoteDaemon)
    return new LabError(`the lab needs a Docker daemon on this machine: docker talks to ${remoteDaemon}`, [
      'unset DOCKER_HOST DOCKER_CONTEXT    # and, if that changes nothing: docker context use default',
    ]);
  return undefined;
}

function dockerProblem(facts: PreflightFacts): LabError | undefined {
  const { docker } = facts;
  if (docker.kind === 'missing') return noDocker(facts);
  if (docker.kind === 'unreachable') return noDaemon(docker.reason, facts);
  return undefined;
}

function noDocker({ platform, apt, root }: PreflightFacts): LabError {
  if (platform === 'darwin')
    return new LabError('docker is not installed', ['install and start Docker Desktop, then: npm run lab']);
  if (!apt)
    return new LabError(
      'docker is not installed, and this is no Debian or Ubuntu where it could be installed for you',
      ["install Docker Engine 20.10 or newer with this system's packages, start it, then: npm run lab"],
    );
  if (root) return new LabError('docker is not installed', ['bin/setup --lab', 'npm run lab']);
  return new LabError('docker is not installed, and installing it needs root: this user is not root', [
    'sudo bin/setup --lab',
    'sudo usermod --append --groups docker "$USER"    # then log in again',
    'npm run lab',
  ]);
}

function noDaemon(reason: string, { platform, apt, root, systemd }: PreflightFacts): LabError {
  if (/permission denied/i.test(reason))
    return new LabError(`this user may not talk to the Docker daemon: ${reason}`, [
      'sudo usermod --append --groups docker "$USER"    # then log in again',
      'npm run lab',
    ]);
  const what = `the Docker daemon cannot be reached: ${reason}`;
  if (platform === 'darwin') return new LabError(what, ['open -a Docker    # wait until it runs', 'npm run lab']);
  const sudo = root ? '' : 'sudo ';
  if (systemd) return new LabError(what, [`${sudo}systemctl start docker`, 'npm run lab']);
  if (apt) return new LabError(what, [`${sudo}bin/setup --lab    # starts it in the background`, 'npm run lab']);
  return new LabError(what, [`${sudo}dockerd    # in another terminal`, 'npm run lab']);
}

function daemonPlatformProblem({ docker }: PreflightFacts): LabError | undefined {
  if (docker.kind !== 'ready') return undefined;
  if (docker.operatingSystem !== 'linux')
    return new LabError(
      `the lab needs a Docker daemon that runs Linux containers: this one runs ${docker.operatingSystem}`,
      ['switch Docker Desktop to Linux containers, then: npm run lab'],
    );
  if (!ARCHITECTURES.includes(docker.architecture))
    return new LabError(`the lab runs on ${ARCHITECTURES.join(' and ')}: this machine is ${docker.architecture}`, [
      'npm run lab    # on another machine',
    ]);
  return undefined;
}

/** What `up` can continue it continues; nodes whose records are gone it cannot adopt. */
function halfUpProblem({ lab }: PreflightFacts): LabError | undefined {
  if (lab.stateVolume || (lab.nodes === 0 && lab.networks === 0)) return undefined;
  const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  const there = [
    ...(lab.gateway === 'absent' ? [] : [`the gateway (${lab.gateway})`]),
    ...(lab.nodes === 0 ? [] : [many(lab.nodes, 'node')]),
    ...(lab.networks === 0 ? [] : [many(lab.networks, 'network')]),
  ];
  return new LabError(
    `the lab is half up: found ${there.join(', ')}, but the volume with its state is gone, so they cannot be used again`,
    ['npm run lab:down', 'npm run lab'],
  );
}

function portProblem({ portsInUse }: PreflightFacts, options: LabOptions): LabError | undefined {
  const keys = (Object.keys(PORT_FLAGS) as (keyof LabOptions)[]).filter((key) => portsInUse[key]);
  if (keys.length === 0) return undefined;
  const what = keys.map((key) => `port ${options[key]} is in use by ${portsInUse[key]!.owner}`);
  const flags = keys.map((key) => `${PORT_FLAGS[key]} ${freePortSuggestion(options[key])}`);
  return new LabError(what.join('; '), [`stop it, or choose another: npm run lab -- ${flags.join(' ')}`]);
}

const freePortSuggestion = (port: number): number => (port + 10000 <= 65535 ? port + 10000 : port - 10000);

function diskProblem({ disk, lab }: PreflightFacts): LabError | undefined {
  // A lab that is up has taken its space already.
  if (!disk || disk.freeGb >= REQUIRED_DISK_GB || lab.gateway === 'running') return undefined;
  return new LabError(
    `the lab needs ${REQUIRED_DISK_GB} GB of free disk: ${disk.directory}, where Docker keeps its data, ` +
      `has ${disk.freeGb.toFixed(1)} GB`,
    ['docker system df    # what takes the space', 'docker image prune    # removes images that nothing refers to'],
  );
}
