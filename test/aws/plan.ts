/** What a run against an account will do and cost, told before it asks. Pure, but for cdk.json and the images that are pinned. */
import { costPerHour, PRICES, totalOf } from '../../lib/cost';
import { readCdkContext } from '../../lib/cdk-json';
import { readConfig, type Config } from '../../lib/config';
import { LAB_ACCOUNT_ID } from '../../lib/contract';
import type { FileCases } from './cases';

/** Deployment, cases and removal; never measured on AWS. */
export const EXPECTED_HOURS = 2;

/** Why it may not run, or undefined. The lab has its own tests, and its endpoint must not be taken for AWS. */
export function refusal(account: string, endpoint: string | undefined): { why: string; next: string } | undefined {
  if (account === LAB_ACCOUNT_ID) return { why: `account ${LAB_ACCOUNT_ID} is the lab`, next: 'npm run test:lab' };
  if (!endpoint) return undefined;
  return { why: `AWS_ENDPOINT_URL is ${endpoint}, so that AWS itself is not asked`, next: 'unset AWS_ENDPOINT_URL' };
}

/** What the run sets, whatever cdk.json says: a run that kept its data would not be removed. */
export const SETTINGS = { dataRemoval: 'destroy' } as const;

/** The configuration that will be deployed, read as the CDK app reads it. @throws ConfigError */
export const plannedConfig = (
  stage: string,
  where: Pick<Config, 'account' | 'region'>,
  context: Readonly<Record<string, unknown>> = readCdkContext(),
): Config => readConfig({ ...context, ...SETTINGS, stage }, where);

export function describePlan(config: Config, cases: readonly FileCases[]): string[] {
  const lines = costPerHour(config);
  const cost = lines
    ? `about $${(totalOf(lines) * EXPECTED_HOURS).toFixed(2)} for ${EXPECTED_HOURS} h at list prices of ${PRICES.region} (${PRICES.readIn}), and traffic`
    : `unknown for ${config.instanceType}`;
  const running = cases.filter(({ runs }) => runs.length);
  const excluded = cases.filter(({ othersNeed }) => othersNeed !== '');
  return [
    `deploys stage ${config.stage} in account ${config.account}, ${config.region}, runs cases, and destroys the stage with its data`,
    `cost: ${cost}`,
    `runs: ${running.map(({ file, runs }) => `${runs.length} of ${file}`).join(', ')}`,
    ...excluded.map(({ file, othersNeed }) => `not run, ${file}: needs ${othersNeed}`),
    'this program has never run against an account',
  ];
}
