import { setTimeout as sleep } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EXIT, secretName, type SecretId } from '../../contract';
import { withActivity } from '../activity';
import { clientsOf } from '../clients';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { durationProblem, formatSeconds, parseDurationSeconds } from '../duration';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { chooseKeys, dockerName, ofOwnEngines, restarts, type SecretKey } from '../secret-keys';
import { SecretStore } from '../secret-store';
import { deploymentOfSecrets } from '../secrets-deployment';
import { assertDeployed, connect } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const SECRETS_ROTATE_FAILED = 'the secrets were not rotated';
/** For clients that ask for the current key once a minute. */
const DEFAULT_GRACE_SECONDS = 60;
const STATUS = './bin/metals status';

export interface RotateOptions {
  /** @default all but the administrators */
  readonly names: readonly string[];
  /** How long clients may take to notice the new API key. @default 60s */
  readonly grace?: string;
  readonly yes?: boolean;
}

/**
 * `metals secrets rotate`: a new value, brought to the Swarm while both are accepted. What is under way is finished first,
 * and counts as the rotation that is asked for: the same command goes on after whatever interrupted it.
 */
export async function rotateSecrets(
  context: Context,
  { names, grace, yes }: RotateOptions,
  confirm: Confirm = confirmOnTerminal,
): Promise<number> {
  const { terminal, stage } = context;
  const chosen = chooseKeys(names, SECRETS_ROTATE_FAILED);
  const graceSeconds = readGrace(grace);
  if (!yes && !terminal.interactive)
    throw new CliError(
      SECRETS_ROTATE_FAILED,
      'it asks before it changes secrets, and nobody can answer here: stdin is not a terminal',
      ['add --yes to go on without being asked'],
      'unconfirmed',
    );
  const again = `./bin/metals ${['secrets rotate', ...names].join(' ')}    # goes on where it stopped`;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', SECRETS_ROTATE_FAILED);
  const { deploy, images } = await deploymentOfSecrets(context, connection, { failure: SECRETS_ROTATE_FAILED, again });
  const keys = ofOwnEngines(chosen, images, names.length > 0, stage, SECRETS_ROTATE_FAILED);
  const client = (await clientsOf(context, connection.region))(SecretsManagerClient);
  try {
    const store = new SecretStore(client, stage);
    await refuseOwnRotation(store, stage, keys);
    for (const line of announcement(keys, graceSeconds)) terminal.note(line);
    if (!yes && !(await confirm('rotate?', context.interrupted)))
      throw new CliError(SECRETS_ROTATE_FAILED, 'the answer was not yes: nothing was changed', [STATUS], 'declined');
    let pending = await pendingVersion(store, keys);
    const finished = await deploy('finishing what is under way');
    const fresh = keys.filter(
      (key) => !finished.includes(dockerName(key)) && !(pending !== undefined && isApiKey(key)),
    );
    context.leaveBehind = [again];
    pending = (await addValues(store, fresh)) ?? pending;
    if (fresh.length > 0) await deploy('bringing the new values to the Swarm');
    if (pending !== undefined) {
      const version = pending;
      context.leaveBehind = [again];
      await withActivity(terminal, 'making the new API key the current one', async (activity) => {
        if (!(await store.promote('api-key', version)))
          throw new CliError(
            SECRETS_ROTATE_FAILED,
            'another rotation has replaced the API key that was pending: the one that is current stays so',
            [again],
            'refused',
          );
        activity.waitsFor(`clients that still have the old one, ${formatSeconds(graceSeconds)}`);
        await sleep(graceSeconds * 1000, undefined, { signal: context.interrupted });
      });
      await deploy('refusing the old API key');
    }
    tell(context, keys, fresh);
  } finally {
    client.destroy();
  }
  return EXIT.ok;
}

const isApiKey = ({ secret }: SecretKey): boolean => secret === 'api-key';

/** The command waits for so long. */
const LONGEST_GRACE_SECONDS = 24 * 3_600;

function readGrace(text: string | undefined): number {
  if (text === undefined) return DEFAULT_GRACE_SECONDS;
  const seconds = text === '0' ? 0 : parseDurationSeconds(text, LONGEST_GRACE_SECONDS);
  if (seconds !== undefined) return seconds;
  throw new CliError(
    SECRETS_ROTATE_FAILED,
    durationProblem('--grace', text, LONGEST_GRACE_SECONDS),
    ['add --grace 5m'],
    'usage',
  );
}

/** What happens, and what it costs. */
function announcement(keys: readonly SecretKey[], graceSeconds: number): string[] {
  const stopped = keys.filter(restarts).map(({ name }) => name);
  return [
    `to be rotated: ${keys.map(({ name }) => name).join(', ')}`,
    ...(keys.some(isApiKey)
      ? [`both API keys are accepted until ${formatSeconds(graceSeconds)} after the new one is current (--grace)`]
      : []),
    ...(stopped.length ? [`a new password of ${stopped.join(', ')} restarts that server: seconds without intake`] : []),
  ];
}

/** @throws CliError where Secrets Manager has a function of its own for one of them */
async function refuseOwnRotation(store: SecretStore, stage: string, keys: readonly SecretKey[]): Promise<void> {
  for (const secret of secretsOf(keys)) {
    const { rotatesItself } = await store.versions(secret);
    if (rotatesItself)
      throw new CliError(
        SECRETS_ROTATE_FAILED,
        `Secrets Manager rotates ${secret} by itself, and what is pending there is its own`,
        [
          `aws secretsmanager rotate-secret --secret-id ${secretName(stage, secret)}    # the Swarm follows within half an hour`,
        ],
        'refused',
      );
  }
}

const secretsOf = (keys: readonly SecretKey[]): SecretId[] => [...new Set(keys.map(({ secret }) => secret))];

const pendingVersion = async (store: SecretStore, keys: readonly SecretKey[]): Promise<string | undefined> =>
  keys.some(isApiKey) ? (await store.versions('api-key')).pending : undefined;

/** The API key has clients outside, so its new value becomes current once it is accepted: its version. Passwords have none. */
async function addValues(store: SecretStore, keys: readonly SecretKey[]): Promise<string | undefined> {
  let pending: string | undefined;
  for (const secret of secretsOf(keys)) {
    const principals = keys.flatMap((key) => (key.secret === secret ? (key.principal ?? []) : []));
    if (principals.length > 0) await store.replacePasswords(secret, principals);
    else pending = await store.addPending(secret);
  }
  return pending;
}

function tell({ terminal, stage, given }: Context, keys: readonly SecretKey[], fresh: readonly SecretKey[]): void {
  const rotated = keys.map(({ name }) => name);
  const resumed = keys.filter((key) => !fresh.includes(key)).map(({ name }) => name);
  if (terminal.json) return terminal.value({ stage, rotated, resumed });
  const note = resumed.length
    ? ` (${resumed.join(', ')}: finished what was under way; the same command again makes a new value)`
    : '';
  terminal.note(completeCommands(`rotated: ${rotated.join(', ')}${note}; next: ./bin/metals smoke-test`, given));
}

export const verb: Verb<RotateOptions> = { failure: SECRETS_ROTATE_FAILED, run: rotateSecrets };
