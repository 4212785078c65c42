/** Reads what account.ts judges. */
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { readVersionId, readVersionIds } from '../../secret-versions';
import { BOOTSTRAP_ROLES, bootstrapRoleArn, QUALIFIER, type AccountFacts } from '../account';
import type { Ask, Fact } from '../fact';
import type { Needs } from '../needs';
import type { Caller } from './caller';
import type { Clients } from './clients';

/** Where `cdk bootstrap` leaves its version; the CDK CLI reads it as well. */
const VERSION_PARAMETER = `/cdk-bootstrap/${QUALIFIER}/version`;
/** The shortest that STS gives; nothing is done with it. */
const SESSION_SECONDS = 900;

export async function readAccount(clients: Clients, needs: Needs, caller: Caller, ask: Ask): Promise<AccountFacts> {
  const [bootstrapVersion, secretsAsked, externalLogins] = await Promise.all([
    ask('ssm:GetParameter', () => readVersion(clients)),
    ask('secretsmanager:DescribeSecret', async () => (await readVersionIds(clients.secrets, needs.stage)).length),
    Promise.all(
      needs.externalLogins.map(async (id) => {
        const read = async (): Promise<boolean> => (await readVersionId(clients.secrets, needs.stage, id)) !== '';
        return [id, await ask('secretsmanager:DescribeSecret', read)] as const;
      }),
    ),
  ]);
  const isThere = bootstrapVersion.kind !== 'known' || bootstrapVersion.value !== 'absent';
  const roles = isThere ? await readRoles(clients, needs, caller, ask) : {};
  const { arn, clockSkewSeconds } = caller;
  return { caller: arn, clockSkewSeconds, bootstrapVersion, roles, secretsAsked, externalLogins };
}

async function readVersion({ ssm }: Clients): Promise<number | 'absent'> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: VERSION_PARAMETER }));
    return Number(Parameter!.Value);
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') return 'absent';
    throw error;
  }
}

/** Assuming a role changes nothing, and is what `cdk deploy` does first. */
async function readRoles(
  { sts }: Clients,
  needs: Needs,
  caller: Caller,
  ask: Ask,
): Promise<Readonly<Record<string, Fact<true>>>> {
  const entries = BOOTSTRAP_ROLES.map(async (role): Promise<[string, Fact<true>]> => {
    const command = new AssumeRoleCommand({
      RoleArn: bootstrapRoleArn(caller.arn, needs, role),
      RoleSessionName: 'metals-preflight',
      DurationSeconds: SESSION_SECONDS,
    });
    return [role, await ask('sts:AssumeRole', async () => (await sts.send(command), true as const))];
  });
  return Object.fromEntries(await Promise.all(entries));
}
