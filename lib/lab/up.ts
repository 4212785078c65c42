/** Brings the lab up, in steps that each do nothing when their result is there already. */
import { ensureBases } from './base-builder';
import { bootstrap, deploy } from './cdk';
import { buildEnvironment } from './docker';
import { ensureGateway } from './gateway-container';
import { ensureLabImages, type LabImages } from './images';
import { SECRET_FILE, writeLabFiles, type LabEnvironment } from './lab-files';
import type { Progress } from './lab-error';
import { probeLoopDevices } from './loop-devices';
import type { LabOptions, LabTiming } from './options';
import { takeLab } from './lock';
import { preflightProblem } from './preflight';
import { readPreflightFacts } from './preflight-facts';

export interface UpOptions extends LabOptions {
  /** Settings of lib/config.ts for the deployment, each `key=value`. */
  readonly context: readonly string[];
  readonly timing: LabTiming;
}

export interface UpStep {
  readonly title: string;
  readonly run: (progress: Progress) => Promise<void>;
}

/**
 * The steps in their order; each needs those before it in the same call. An interruption between or inside any of
 * them leaves what the next `up` goes on from.
 */
export function upSteps(options: UpOptions): UpStep[] {
  let images: LabImages;
  let environment: LabEnvironment;
  return [
    {
      title: 'check this machine',
      run: async (progress) => {
        takeLab();
        await checkMachine(options, progress);
      },
    },
    { title: 'base images', run: async (progress) => void (await ensureBases(progress)) },
    {
      title: 'images of the lab',
      run: async (progress) => {
        images = await ensureLabImages(progress);
      },
    },
    {
      title: 'the gateway that answers as AWS',
      run: async (progress) => {
        environment = await writeEnvironment(options, progress);
        const volumes = await probeLoopDevices(images.node, progress);
        const { timing } = options;
        progress.report(`times: profile ${timing.profile}, seed ${timing.seed}`);
        const { LAB_IAM: iamMode = 'enforce' } = process.env;
        const socket = dockerSocket(process.env);
        const start = { images, options, timing, volumes, iamMode, secretFile: SECRET_FILE, socket };
        await ensureGateway(start, environment, progress);
      },
    },
    { title: 'cdk bootstrap', run: (progress) => bootstrap(environment, progress) },
    { title: 'cdk deploy --all', run: (progress) => deploy(environment, options.context, progress) },
  ];
}

/** Fails with the first thing that stands in the way; changes nothing. */
export async function checkMachine(options: LabOptions, progress: Progress): Promise<void> {
  const facts = await readPreflightFacts(options, progress.signal);
  const problem = preflightProblem(facts, options);
  if (problem) throw problem;
  const disk = facts.disk
    ? `${facts.disk.freeGb.toFixed(0)} GB free in ${facts.disk.directory}`
    : 'disk not visible from here';
  progress.report(
    `Docker answers, ports ${options.port}, ${options.producerPort}, ${options.processorPort} are ours, ${disk}`,
  );
}

async function writeEnvironment(options: LabOptions, { report, signal }: Progress): Promise<LabEnvironment> {
  // Without buildx the client would ask for BuildKit in vain when cdk builds images.
  const { DOCKER_BUILDKIT } = await buildEnvironment(signal);
  const extra: Record<string, string> = DOCKER_BUILDKIT === undefined ? {} : { DOCKER_BUILDKIT };
  const environment = writeLabFiles(options, extra);
  report('.lab/env leads the AWS tools to the lab: . .lab/env');
  return environment;
}

/** Pure: the socket to mount into the gateway's container. */
export const dockerSocket = ({ DOCKER_HOST }: NodeJS.ProcessEnv): string =>
  DOCKER_HOST?.startsWith('unix://') ? DOCKER_HOST.slice('unix://'.length) : '/var/run/docker.sock';
