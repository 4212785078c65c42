/** What the gateway is told at its start, by environment; the secret comes from a file alone. */
import { LAB_ACCOUNT_ID, LAB_DEFAULT_PORT, LAB_REGION } from '../../contract';
import { MAX_SEED, PROFILE_NAMES, type ProfileName } from './timing';

/** Registry name in image references, the same as on AWS; nodes resolve it to the gateway. */
export const ECR_HOST = `${LAB_ACCOUNT_ID}.dkr.ecr.${LAB_REGION}.amazonaws.com`;

/** On a node: where AWS is, behind a forwarder, and what the lab itself runs there. */
export const NODE_ENDPOINT = `http://127.0.0.1:${LAB_DEFAULT_PORT}`;
export const NODE_LIB = '/usr/local/lib/metals-lab';

export interface GatewaySettings {
  /** Where the gateway listens. */
  readonly port: number;
  /** Address that it listens on: all interfaces inside its container. */
  readonly listenAddress: string;
  /** Where the gateway listens on loopback for ministack and its Lambdas, without checking signatures. */
  readonly trustedPort: number;
  /** Where ministack listens, on loopback. */
  readonly upstreamPort: number;
  /** Directory for the state of gateway and ministack. */
  readonly stateDirectory: string;
  /** The lab's secret access key, read from `LAB_SECRET_FILE`. */
  readonly secretAccessKey: string;
  /** Program that starts ministack. */
  readonly ministackCommand: string;
  /** Interpreter that can import ministack, asked which resource types it provisions. */
  readonly pythonCommand: string;
  /** Where Lambdas find the AWS SDK, which Amazon's runtimes bring along. */
  readonly lambdaNodePath: string;
  /** Image of the nodes. */
  readonly nodeImage: string;
  /** Name of the container that the gateway runs in; undefined when it runs on the host. */
  readonly containerName: string | undefined;
  /** Ports that lead to a slot's node while no load balancer has them: `manager-1=8000,8001`. */
  readonly publish: string;
  /** `loop`: user data attaches a loop device; `docker`: a Docker volume is mounted from the start. */
  readonly volumes: 'loop' | 'docker';
  /** Which times the lab takes. */
  readonly profile: ProfileName;
  /** What the times are drawn from. */
  readonly seed: number;
  /** Whether calls of instances and functions that their role's policies do not allow are denied. @default enforce */
  readonly iamMode: IamMode;
}

const IAM_MODES = ['enforce', 'record', 'off'] as const;
/** `enforce` denies, `record` only writes down what it would deny, `off` judges nothing. */
export type IamMode = (typeof IAM_MODES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

export function readSettings(environment: Environment, readFile: (file: string) => string): GatewaySettings {
  const port = portNumber('LAB_PORT', environment.LAB_PORT, LAB_DEFAULT_PORT);
  return {
    port,
    listenAddress: environment.LAB_LISTEN_ADDRESS ?? '0.0.0.0',
    trustedPort: portNumber('LAB_TRUSTED_PORT', environment.LAB_TRUSTED_PORT, 4568),
    upstreamPort: portNumber('LAB_UPSTREAM_PORT', environment.LAB_UPSTREAM_PORT, 4567),
    stateDirectory: environment.LAB_STATE_DIRECTORY ?? '/var/lib/metals-lab',
    secretAccessKey: readSecret(environment.LAB_SECRET_FILE, readFile),
    ministackCommand: environment.LAB_MINISTACK_COMMAND ?? 'ministack',
    pythonCommand: environment.LAB_PYTHON_COMMAND ?? 'python3',
    lambdaNodePath: environment.LAB_LAMBDA_NODE_PATH ?? '/opt/lambda/node_modules',
    nodeImage: environment.LAB_NODE_IMAGE ?? 'metals-lab/node:latest',
    containerName: environment.LAB_CONTAINER_NAME || undefined,
    publish: environment.LAB_PUBLISH ?? '',
    volumes: oneOf('LAB_VOLUMES', environment.LAB_VOLUMES, ['loop', 'docker'], 'loop'),
    profile: oneOf('LAB_PROFILE', environment.LAB_PROFILE, PROFILE_NAMES, 'default'),
    seed: seed(environment.LAB_SEED),
    iamMode: oneOf('LAB_IAM', environment.LAB_IAM, IAM_MODES, 'enforce'),
  };
}

function portNumber(name: string, value: string | undefined, fallback: number): number {
  if (value === undefined || value === '') return fallback;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`${name} is '${value}', expected a port number from 1 to 65535`);
  return port;
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[], fallback: T): T {
  if (value === undefined || value === '') return fallback;
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new Error(`${name} is '${value}', expected one of ${allowed.join(', ')}`);
  return found;
}

function seed(value: string | undefined): number {
  if (value === undefined || value === '') return 1;
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number <= MAX_SEED) return number;
  throw new Error(`LAB_SEED is '${value}', expected a whole number from 0 to ${MAX_SEED}`);
}

function readSecret(file: string | undefined, readFile: (file: string) => string): string {
  if (!file)
    throw new Error('LAB_SECRET_FILE is not set, expected the path of the file that holds the lab’s secret access key');
  const secret = readFile(file).trim();
  if (secret.length < 16)
    throw new Error(`${file} holds ${secret.length} characters, expected a secret of at least 16`);
  return secret;
}
