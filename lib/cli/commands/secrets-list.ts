import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EXIT, SECRETS, type SecretId } from '../../contract';
import { clientsOf } from '../clients';
import type { Context } from '../context';
import { formatSeconds } from '../duration';
import { SecretStore, type Versions } from '../secret-store';
import { connect } from '../systems-manager';
import { drawTable } from '../table';

export const SECRETS_LIST_FAILED = 'the secrets could not be listed';
/** As Docker names end. */
const SHORT = 8;

/** `metals secrets list`: the versions of each secret, and since when; never a value. */
export async function listSecrets(context: Context): Promise<number> {
  const { terminal, stage } = context;
  const { region } = await connect(context);
  const client = (await clientsOf(context, region))(SecretsManagerClient);
  try {
    const store = new SecretStore(client, stage);
    const ids = Object.keys(SECRETS) as SecretId[];
    const found = await Promise.all(ids.map(async (secret) => ({ secret, ...(await store.versions(secret)) })));
    if (terminal.json) terminal.value({ stage, secrets: found });
    else terminal.data(drawTable(secretRows(found, Date.now()), terminal.colors));
  } finally {
    client.destroy();
  }
  return EXIT.ok;
}

/** Pure: the table. */
export function secretRows(secrets: readonly ({ readonly secret: string } & Versions)[], nowMs: number): string[][] {
  const short = (version: string | undefined): string => version?.slice(0, SHORT) ?? '';
  return [
    ['secret', 'current', 'previous', 'pending', 'changed', 'rotated by'],
    ...secrets.map(({ secret, current, previous, pending, changedAt, rotatesItself }) => [
      secret,
      short(current),
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
