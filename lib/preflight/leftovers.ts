/** What an earlier deployment of the same stage has left, and what a deployment will do about it. Pure. */
import { cloudFormationStackName, STACKS } from '../contract';
import { combine, type Fact } from './fact';
import { judge, notKnown, type Finding, type Judgement } from './finding';
import type { Needs } from './needs';

export interface LeftoverFacts {
  /** Status by stack name, of this stage's stacks that exist. */
  readonly stacks: Fact<Readonly<Record<string, string>>>;
  /** Physical ids of all resources of those stacks. */
  readonly owned: Fact<ReadonlySet<string>>;
  readonly secrets: Fact<readonly SecretFacts[]>;
  readonly volumes: Fact<readonly VolumeFacts[]>;
  /** Names of log groups. */
  readonly logGroups: Fact<readonly string[]>;
}

export interface SecretFacts {
  readonly arn: string;
  readonly name: string;
  /** Set while it is scheduled for deletion; its name stays taken until then. */
  readonly deletedAt?: string;
}

export interface VolumeFacts {
  readonly id: string;
  readonly slot: string;
  readonly sizeGiB: number;
}

export function checkLeftovers(facts: LeftoverFacts, needs: Needs): Finding[] {
  return [
    ...checkStacks(facts, needs),
    ...perItem('secrets', facts.owned, facts.secrets, ({ arn }) => arn, secretFate),
    ...perItem('data volumes', facts.owned, facts.volumes, ({ id }) => id, volumeFate),
    ...perItem('log groups', facts.owned, facts.logGroups, (name) => name, logGroupFate),
  ];
}

/** One line for each item that no stack of this stage owns; one line in all when there is none. */
function perItem<T>(
  what: string,
  owned: Fact<ReadonlySet<string>>,
  items: Fact<readonly T[]>,
  idOf: (item: T) => string,
  fate: (item: T) => Judgement,
): Finding[] {
  const check = `leftovers: ${what}`;
  const needed = 'none, or owned by the stacks';
  const both = combine(owned, items, (ids, all) => ({ all, left: all.filter((item) => !ids.has(idOf(item))) }));
  if (both.kind !== 'known') return [notKnown(check, needed, both)];
  const { all, left } = both.value;
  if (left.length > 0) return left.map((item) => ({ check, needed, next: [], ...fate(item) }));
  const measured = all.length ? `${all.length}, owned by the stacks: they are kept` : 'none';
  return [{ check, needed, verdict: 'ok', measured, next: [] }];
}

function secretFate({ name, deletedAt }: SecretFacts): Judgement {
  if (deletedAt !== undefined) {
    return {
      verdict: 'fails',
      measured: `${name} is scheduled for deletion (${deletedAt}): its name is taken until then`,
      next: [`aws secretsmanager restore-secret --secret-id ${name}    # then see what preflight says about it`],
    };
  }
  return {
    verdict: 'fails',
    measured: `${name} is there: the data stack cannot make another of that name`,
    next: [
      `aws secretsmanager delete-secret --secret-id ${name} --force-delete-without-recovery    # its value is lost`,
      'or deploy another stage: add --stage NAME',
    ],
  };
}

const volumeFate = ({ id, slot, sizeGiB }: VolumeFacts): Judgement => ({
  verdict: 'warning',
  measured: `${id} of ${slot}, ${sizeGiB} GiB: stays as it is, is paid for, and a new, empty volume is made beside it`,
  next: [`keep it, or: aws ec2 delete-volume --volume-id ${id}    # its data is lost`],
});

const logGroupFate = (name: string): Judgement => ({
  verdict: 'fails',
  measured: `${name} is there: the swarm stack cannot make another of that name`,
  next: [`aws logs delete-log-group --log-group-name ${name}    # its logs are lost`],
});

function checkStacks({ stacks }: LeftoverFacts, needs: Needs): Finding[] {
  const check = 'stacks';
  const needed = 'none, or in a state that can be updated';
  if (stacks.kind !== 'known') return [notKnown(check, needed, stacks)];
  const names = STACKS.map((id) => cloudFormationStackName(needs.stage, id)).filter((name) => stacks.value[name]);
  if (names.length === 0) {
    return [judge(check, needed, stacks, () => ({ verdict: 'ok', measured: `none of stage ${needs.stage} yet` }))];
  }
  return names.map((name) =>
    judge(`stack ${name}`, needed, stacks, (statuses) => stackJudgement(name, statuses[name]!)),
  );
}

/** What CloudFormation and the CDK CLI do with a stack in this state [CloudFormation guide, "Stack status codes"]. */
function stackJudgement(name: string, status: string): Judgement {
  const measured = status;
  const events = `aws cloudformation describe-stack-events --stack-name ${name}`;
  if (/_IN_PROGRESS$/.test(status) && status !== 'REVIEW_IN_PROGRESS') {
    return { verdict: 'fails', measured: `${measured}: another operation is under way`, next: [events] };
  }
  switch (status) {
    case 'ROLLBACK_COMPLETE':
    case 'REVIEW_IN_PROGRESS':
      return { verdict: 'ok', measured: `${measured}: it never came up; cdk deploy deletes it and begins again` };
    case 'CREATE_FAILED':
    case 'UPDATE_FAILED':
      return { verdict: 'ok', measured: `${measured}: kept by --no-rollback; cdk deploy goes on from there` };
    case 'UPDATE_ROLLBACK_FAILED':
      return { verdict: 'fails', measured, next: [events, `npm run cdk -- rollback ${name}`] };
    case 'ROLLBACK_FAILED':
    case 'DELETE_FAILED':
      return {
        verdict: 'fails',
        measured,
        next: [events, `remove the cause, then: aws cloudformation delete-stack --stack-name ${name}`],
      };
    default:
      return { verdict: 'ok', measured };
  }
}
