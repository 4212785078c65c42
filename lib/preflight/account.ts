/** Who deploys, by whose clock, through which bootstrap, and whether the versions of secrets may be seen. Pure. */
import { type ExternalSecretId, secretName, secretPrefix } from '../contract';
import type { Fact } from './fact';
import { judge, type Finding } from './finding';
import type { Needs } from './needs';

/** Signature Version 4 accepts requests within five minutes of AWS's clock [IAM guide, "Signature elements"]. */
const GREATEST_SKEW_SECONDS = 300;
const WARNING_SKEW_SECONDS = 60;
/** `MIN_BOOTSTRAP_STACK_VERSION` of aws-cdk-lib's default synthesizer, which every stack here uses. */
export const LEAST_BOOTSTRAP_VERSION = 6;
/** Qualifier of `cdk bootstrap`'s resources; cdk.json names no other. */
export const QUALIFIER = 'hnb659fds';
/** Roles of `cdk bootstrap` through which the CDK CLI deploys; it assumes each with the deployer's credentials. */
export const BOOTSTRAP_ROLES = ['deploy-role', 'file-publishing-role', 'image-publishing-role'] as const;

export interface AccountFacts {
  /** ARN of the deployer. */
  readonly caller: string;
  /** This machine's clock minus AWS's, in seconds. */
  readonly clockSkewSeconds: Fact<number>;
  /** `absent`: never bootstrapped in this region. */
  readonly bootstrapVersion: Fact<number | 'absent'>;
  /** By role; only asked when there is a bootstrap. */
  readonly roles: Readonly<Record<string, Fact<true>>>;
  /** How many secrets could be asked for their versions; one that does not exist yet counts. */
  readonly secretsAsked: Fact<number>;
  /** Whether each that is needed has a value. */
  readonly externalLogins: readonly (readonly [ExternalSecretId, Fact<boolean>])[];
}

const partitionOf = (caller: string): string => caller.split(':')[1] ?? 'aws';

export const bootstrapRoleArn = (caller: string, needs: Pick<Needs, 'account' | 'region'>, role: string): string => {
  return `arn:${partitionOf(caller)}:iam::${needs.account}:role/cdk-${QUALIFIER}-${role}-${needs.account}-${needs.region}`;
};

/** Without the app, which would ask for settings that a bootstrap does not need. */
const bootstrapCommand = ({ isLab, account, region }: Needs): string =>
  isLab ? 'npm run lab' : `npm run cdk -- bootstrap --app '' aws://${account}/${region}`;

export function checkAccount(facts: AccountFacts, needs: Needs): Finding[] {
  return [
    {
      check: 'sign-in',
      verdict: 'ok',
      measured: `${facts.caller} in ${needs.region}`,
      needed: 'valid credentials',
      next: [],
    },
    checkClock(facts),
    checkBootstrap(facts, needs),
    ...Object.entries(facts.roles).map(([role, fact]) => checkRole(facts.caller, needs, role, fact)),
    checkSecrets(facts, needs),
    ...facts.externalLogins.map(([id, fact]) => checkExternalLogin(facts, needs, id, fact)),
  ];
}

const checkClock = ({ clockSkewSeconds }: AccountFacts): Finding =>
  judge("this machine's clock", `within ${GREATEST_SKEW_SECONDS} s of AWS's`, clockSkewSeconds, (skew) => {
    const size = Math.abs(skew);
    const measured = `${Math.round(size)} s ${skew < 0 ? 'behind' : 'ahead of'} AWS`;
    if (size < WARNING_SKEW_SECONDS) return { verdict: 'ok', measured };
    const verdict = size < GREATEST_SKEW_SECONDS ? 'warning' : 'fails';
    return { verdict, measured, next: ['set the clock, e.g. sudo timedatectl set-ntp true'] };
  });

const checkBootstrap = ({ bootstrapVersion }: AccountFacts, needs: Needs): Finding =>
  judge('cdk bootstrap', `version ${LEAST_BOOTSTRAP_VERSION} or newer`, bootstrapVersion, (version) => {
    const next = [`${bootstrapCommand(needs)}    # by somebody who may create IAM roles`];
    if (version === 'absent') return { verdict: 'fails', measured: `none in ${needs.region}`, next };
    if (version >= LEAST_BOOTSTRAP_VERSION) return { verdict: 'ok', measured: `version ${version}` };
    return { verdict: 'fails', measured: `version ${version}`, next };
  });

function checkRole(caller: string, needs: Needs, role: string, fact: Fact<true>): Finding {
  const arn = bootstrapRoleArn(caller, needs, role);
  const finding = judge(`right to use ${role}`, 'the deployer may assume it', fact, () => ({
    verdict: 'ok',
    measured: 'assumed for a moment',
  }));
  return named(finding, `sts:AssumeRole on ${arn}`);
}

const secretArns = (caller: string, { account, region, stage }: Needs): string =>
  `arn:${partitionOf(caller)}:secretsmanager:${region}:${account}:secret:${secretPrefix(stage)}*`;

/** `metals deploy` reads the versions before the CDK starts, with the deployer's own credentials. */
function checkSecrets({ caller, secretsAsked }: AccountFacts, needs: Needs): Finding {
  const needed = 'the deployer may describe them';
  const finding = judge('right to see the versions of secrets', needed, secretsAsked, (count) => ({
    verdict: 'ok',
    measured: `${count} secrets asked for`,
  }));
  return named(finding, `secretsmanager:DescribeSecret on ${secretArns(caller, needs)}`);
}

function checkExternalLogin(
  { caller }: AccountFacts,
  needs: Needs,
  id: ExternalSecretId,
  fact: Fact<boolean>,
): Finding {
  const name = secretName(needs.stage, id);
  const finding = judge(`login of an external engine, ${id}`, `a secret ${name}`, fact, (hasValue) =>
    hasValue
      ? { verdict: 'ok', measured: 'it is there' }
      : {
          verdict: 'fails',
          measured: 'there is none, or it has no value',
          next: [
            `aws secretsmanager create-secret --region ${needs.region} --name ${name} --secret-string file://FILE    # docs/growing.md says what is in it`,
          ],
        },
  );
  return named(finding, `secretsmanager:DescribeSecret on ${secretArns(caller, needs)}`);
}

/** A refusal with the resource besides the action, so that it can be granted as it stands. */
const named = (finding: Finding, right: string): Finding =>
  finding.verdict === 'refused'
    ? { ...finding, measured: `these credentials lack ${right}`, next: [`ask for ${right}`] }
    : finding;
