/** Everything that a deployment needs of an account and of this machine, looked at before it begins. Changes nothing. */
import type { CallBounds, ClientSettings } from '../aws-client';
import { pinnedReference } from '../base-digests';
import { BASES, type BaseName } from '../base-images';
import { readConfig, type Config } from '../config';
import { type EngineChoice, hasOwnKafka, hasOwnMongodb } from '../engines';
import { readPinnedImages } from '../machine-images';
import { checkAccount } from './account';
import { checkCapacity } from './capacity';
import { checkExistingVpc } from './existing-vpc';
import { asker, type Ask } from './fact';
import { skipped, type Finding } from './finding';
import { checkDocker, checkMachineImage } from './images';
import { checkLeftovers } from './leftovers';
import { needsOf, type Needs } from './needs';
import { readAccount } from './read/account';
import { readCaller, type Caller } from './read/caller';
import { readCapacity, readStorage } from './read/capacity';
import { createClients, type Clients } from './read/clients';
import { readExistingVpc } from './read/existing-vpc';
import { readBases, readDocker, readMachineImage } from './read/images';
import { readLeftovers } from './read/leftovers';
import { tryProgram, type TryProgram } from '../program';
import { checkStorage } from './storage';

export { exitCodeOf, type Finding } from './finding';

export interface PreflightInput extends ClientSettings, CallBounds {
  /** All CDK context: cdk.json's, and what was typed. */
  readonly context: Readonly<Record<string, unknown>>;
  /** What failed, when it cannot even begin. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** Runs docker. @default the real one; tests bring their own */
  readonly run?: TryProgram;
}

export interface PreflightReport {
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly findings: readonly Finding[];
}

/** What the lab has in another form: its nodes are containers on this machine, and `npm run lab` checks that machine. */
const NOT_IN_THE_LAB: Readonly<Record<string, string>> = {
  capacity: 'nodes of the lab are containers: it has no instance types and no quotas',
  "EBS's default key, default VPC": 'the lab has neither',
  'machine image': 'nodes of the lab are containers',
  'Docker and base images': 'npm run lab has checked and built them',
};

/** @throws ConfigError, CliError, or what the SDK threw when nobody could be asked */
export async function runPreflight(input: PreflightInput): Promise<PreflightReport> {
  const clients = await createClients(input);
  const caller = await readCaller(clients.sts, input, input.what);
  const region = await clients.sts.config.region();
  const { config, imageId } = configured(input.context, caller.account, region);
  const needs = needsOf(config, imageId);
  const findings = await lookAt(clients, caller, needs, config, input);
  return { account: needs.account, region, stage: needs.stage, findings };
}

/** A missing machine image is a finding among others, not the end: any valid id lets the rest be read. */
function configured(
  context: PreflightInput['context'],
  account: string,
  region: string,
): { config: Config; imageId: string | undefined } {
  const imageId = (context.amiId as string | undefined) ?? readPinnedImages()[region]?.imageId;
  const amiId = imageId ?? 'ami-00000000000000000';
  return { config: readConfig({ ...context, amiId }, { account, region }), imageId };
}

async function lookAt(
  clients: Clients,
  caller: Caller,
  needs: Needs,
  config: Config,
  { signal, run = tryProgram }: PreflightInput,
): Promise<Finding[]> {
  const ask = asker(needs.isLab);
  const [account, leftovers] = await Promise.all([
    readAccount(clients, needs, caller, ask),
    readLeftovers(clients, needs, ask),
  ]);
  const everywhere = [...checkAccount(account, needs), ...checkLeftovers(leftovers, needs)];
  if (needs.isLab) {
    return [...everywhere, ...Object.entries(NOT_IN_THE_LAB).map(([check, reason]) => skipped(check, reason))];
  }
  const [capacity, storage, machineImage, docker, existingVpc] = await Promise.all([
    readCapacity(clients, needs, ask),
    readStorage(clients, ask),
    readMachineImage(clients, needs.imageId, new Date(), ask),
    readDocker(run, signal),
    readFindingsOfVpc(clients, needs, ask),
  ]);
  const bases =
    docker.kind === 'known'
      ? await readBases(
          basesOf(config.kafkaMode, config).map((name) => pinnedReference(BASES[name].reference)),
          run,
          signal,
        )
      : [];
  return [
    ...everywhere,
    ...checkCapacity(capacity, needs),
    ...existingVpc,
    ...checkStorage(storage),
    checkMachineImage({ machineImage }, needs),
    ...checkDocker({ docker, bases }),
  ];
}

async function readFindingsOfVpc(clients: Clients, { existingVpc, stage }: Needs, ask: Ask): Promise<Finding[]> {
  if (!existingVpc) return [];
  return checkExistingVpc(await readExistingVpc(clients, existingVpc, ask), existingVpc, stage);
}

/** The images that a deployment builds on. */
export const basesOf = (kafkaMode: Config['kafkaMode'], choice: EngineChoice = {}): BaseName[] => [
  ...(['haproxy', 'node'] as const),
  ...(hasOwnKafka(choice) ? (kafkaMode === 'kraft' ? (['kafka'] as const) : (['kafka3', 'zookeeper'] as const)) : []),
  ...(hasOwnMongodb(choice) ? (['mongodb'] as const) : []),
];
