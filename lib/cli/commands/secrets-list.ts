import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EXIT, SECRETS, type SecretId } from '../../contract';
import { clientsOf } from '../clients';
import type { Context } from '../context';
import { formatSeconds } from '../duration';
import { CliError } from '../errors';
import { SecretStore, type Versions } from '../secret-store';
import { connect } from '../systems-manager';
import { drawTable } from '../table';
import { readStatus } from './status';
import type { Verb } from '../verbs/verb';

export const SECRETS_LIST_FAILED = 'the secrets could not be listed';
/** As Docker names end. */
const SHORT = 8;

/** `metals secrets list`: the versions of each secret, since when, and which of them services have; never a value. */
export async function listSecrets(context: Context): Promise<number> {
  const { terminal, stage } = context;
  const { region } = await connect(context);
  const client = (await clientsOf(context, region))(SecretsManagerClient);
  try {
    const store = new SecretStore(client, stage);
    const ids = Object.keys(SECRETS) as SecretId[];
    const found = await Promise.all(ids.map(async (secret) => ({ secret, ...(await store.versions(secret)) })));
    const names = await namesInUse(context);
    const secrets = found.map((each) => ({ ...each, inUse: names && versionsInUse(each.secret, names) }));
    if (terminal.json) terminal.value({ stage, secrets });
    else terminal.data(drawTable(secretRows(secrets, Date.now()), terminal.colors));
  } finally {
    client.destroy();
  }
  return EXIT.ok;
}

/** What the Swarm has, or undefined where it cannot be asked: the versions in Secrets Manager are worth telling all the same. */
async function namesInUse(context: Context): Promise<readonly string[] | undefined> {
  try {
    return (await readStatus(context)).secrets;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.terminal.note(`which versions are in use is not known: ${error.why}`);
    return undefined;
  }
}

/**
 * Pure: which versions of a secret services have, as Docker names end. Of several principals in one secret, each keeps the
 * version in which its password was last a new one.
 */
export function versionsInUse(secret: string, names: readonly string[]): string[] {
  const ends = names.filter((name) => name.startsWith(`${secret}-`)).map((name) => name.slice(-SHORT));
  return [...new Set(ends)].sort();
}

type Listed = { readonly secret: string; readonly inUse: readonly string[] | undefined } & Versions;

/** Pure: the table. */
export function secretRows(secrets: readonly Listed[], nowMs: number): string[][] {
  const short = (version: string | undefined): string => version?.slice(0, SHORT) ?? '';
  return [
    ['secret', 'current', 'in use', 'previous', 'pending', 'changed', 'rotated by'],
    ...secrets.map(({ secret, current, inUse, previous, pending, changedAt, rotatesItself }) => [
      secret,
      short(current),
      inUse ? inUse.join(', ') : '?',
      short(previous),
      short(pending),
      changedAt ? `${age((nowMs - changedAt.getTime()) / 1000)} ago` : '',
      rotatesItself ? 'Secrets Manager' : 'metals secrets rotate',
    ]),
  ];
}

const DAY_SECONDS = 86_400;
const age = (seconds: number): string =>
  seconds < DAY_SECONDS ? formatSeconds(seconds) : `${Math.floor(seconds / DAY_SECONDS)} days`;

export const verb: Verb = { failure: SECRETS_LIST_FAILED, run: listSecrets };
