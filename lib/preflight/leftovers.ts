/** What an earlier deployment of the same stage has left, and what a deployment will do about it. Pure. */
import { cloudFormationStackName, STACKS, TAG } from '../contract';
import { combine, type Fact } from './fact';
import { judge, notKnown, type Finding, type Judgement } from './finding';
import type { Needs } from './needs';

export interface LeftoverFacts {
  /** Status by stack name, of this stage's stacks that exist. */
  readonly stacks: Fact<Readonly<Record<string, string>>>;
  /** Those of them that are protected from termination; none where that is not known. */
  readonly protectedStacks: readonly string[];
  /** Physical ids of all resources of those stacks. */
  readonly owned: Fact<ReadonlySet<string>>;
  readonly secrets: Fact<readonly SecretFacts[]>;
  readonly volumes: Fact<readonly VolumeFacts[]>;
  readonly snapshots: Fact<readonly SnapshotFacts[]>;
  /** Names of log groups. */
  readonly logGroups: Fact<readonly string[]>;
}

export interface SecretFacts {
  readonly arn: string;
  readonly name: string;
  /** Set while it is scheduled for deletion; a deployment restores it. */
  readonly deletedAt?: string;
}

export interface VolumeFacts {
  readonly id: string;
  readonly slot: string;
  readonly sizeGiB: number;
}

export interface SnapshotFacts {
  readonly id: string;
  /** Of the policy that took it and will remove it; undefined for one that somebody took by hand. */
  readonly policyId?: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

const TAKEN_OVER = 'none, owned by the stacks, or taken over';

export function checkLeftovers(facts: LeftoverFacts, needs: Needs): Finding[] {
  return [
    ...checkStacks(facts, needs),
    ...perItem('secrets', TAKEN_OVER, facts.owned, facts.secrets, ({ arn }) => arn, secretFate),
    ...perItem('data volumes', TAKEN_OVER, facts.owned, facts.volumes, ({ id }) => id, volumeFate),
    checkSnapshots(facts, needs),
    ...perItem(
      'log groups',
      'none, or owned by the stacks',
      facts.owned,
      facts.logGroups,
      (name) => name,
      logGroupFate,
    ),
  ];
}

/** One line for each item that no stack of this stage owns; one line in all when there is none. */
function perItem<T>(
  what: string,
  needed: string,
  owned: Fact<ReadonlySet<string>>,
  items: Fact<readonly T[]>,
  idOf: (item: T) => string,
  fate: (item: T, all: readonly T[], left: readonly T[]) => Judgement,
): Finding[] {
  const check = `leftovers: ${what}`;
  const both = combine(owned, items, (ids, all) => ({ all, left: all.filter((item) => !ids.has(idOf(item))) }));
  if (both.kind !== 'known') return [notKnown(check, needed, both)];
  const { all, left } = both.value;
  if (left.length > 0) return left.map((item) => ({ check, needed, next: [], ...fate(item, all, left) }));
  const measured = all.length ? `${all.length}, owned by the stacks: they are kept` : 'none';
  return [{ check, needed, verdict: 'ok', measured, next: [] }];
}

const secretFate = ({ name, deletedAt }: SecretFacts): Judgement => ({
  verdict: 'ok',
  measured:
    deletedAt === undefined
      ? `${name} is kept and taken over with its value`
      : `${name}, scheduled for deletion (${deletedAt}), is restored and taken over with its value`,
});

/** As the data stack will choose [constructs/kept-volume-choice.ts]. */
function volumeFate(
  { id, slot, sizeGiB }: VolumeFacts,
  all: readonly VolumeFacts[],
  left: readonly VolumeFacts[],
): Judgement {
  const volume = `${id}, ${sizeGiB} GiB,`;
  const rivals = all.filter((other) => other.slot === slot && other.id !== id);
  if (rivals.length === 0)
    return { verdict: 'ok', measured: `${volume} is taken over by its slot, ${slot}, with its data` };
  if (rivals.some((rival) => !left.includes(rival)))
    return {
      verdict: 'warning',
      measured: `${volume} stays beside the volume that ${slot} has, and is paid for`,
      next: [`keep it, or: aws ec2 delete-volume --volume-id ${id}    # its data is lost`],
    };
  return {
    verdict: 'fails',
    measured: `${volume} is one of ${rivals.length + 1} that are tagged as the volume of ${slot}: the choice is yours`,
    next: [`unless it is to be used: aws ec2 delete-tags --resources ${id} --tags Key=${TAG.slot}`],
  };
}

/** A policy removes what it has taken itself: snapshots of one that went with its stack stay until somebody removes them. */
function checkSnapshots({ owned, snapshots }: LeftoverFacts, { stage }: Needs): Finding {
  const both = combine(owned, snapshots, (ids, all) => ({
    all,
    left: all.filter(({ policyId = '' }) => !ids.has(policyId)),
  }));
  return judge('leftovers: snapshots', 'none, or of a policy of the stacks', both, ({ all, left }) => {
    if (left.length === 0)
      return {
        verdict: 'ok',
        measured: all.length ? `${all.length}, which the policy of the data stack removes` : 'none',
      };
    const newest = left
      .map(({ startedAt }) => startedAt)
      .sort()
      .at(-1);
    return {
      verdict: 'warning',
      measured: `${left.length} that nobody removes, the newest of ${newest}, are paid for`,
      next: [
        `aws ec2 describe-snapshots --owner-ids self --filters Name=tag:${TAG.stage},Values=${stage} --query 'Snapshots[].[SnapshotId,StartTime,Description]' --output text`,
        'keep those that you need; for each other one: aws ec2 delete-snapshot --snapshot-id SNAPSHOT',
      ],
    };
  });
}

const logGroupFate = (name: string): Judgement => ({
  verdict: 'fails',
  measured: `${name} is there: the swarm stack cannot make another of that name`,
  next: [`aws logs delete-log-group --log-group-name ${name}    # its logs are lost`],
});

function checkStacks({ stacks, protectedStacks }: LeftoverFacts, needs: Needs): Finding[] {
  const check = 'stacks';
  const needed = 'none, or in a state that can be updated';
  if (stacks.kind !== 'known') return [notKnown(check, needed, stacks)];
  const names = STACKS.map((id) => cloudFormationStackName(needs.stage, id)).filter((name) => stacks.value[name]);
  if (names.length === 0) {
    return [judge(check, needed, stacks, () => ({ verdict: 'ok', measured: `none of stage ${needs.stage} yet` }))];
  }
  return names.map((name) =>
    judge(`stack ${name}`, needed, stacks, (statuses) =>
      stackJudgement(name, statuses[name]!, needs.stage, protectedStacks.includes(name)),
    ),
  );
}

/** What CloudFormation and the CDK CLI do with a stack in this state [CloudFormation guide, "Stack status codes"]. */
function stackJudgement(name: string, status: string, stage: string, isProtected: boolean): Judgement {
  const measured = status;
  const events = `aws cloudformation describe-stack-events --stack-name ${name}`;
  if (/_IN_PROGRESS$/.test(status) && status !== 'REVIEW_IN_PROGRESS') {
    return {
      verdict: 'fails',
      measured: `${measured}: another operation is under way`,
      next: [`${events}    # until it has ended`],
    };
  }
  switch (status) {
    case 'ROLLBACK_COMPLETE':
    case 'REVIEW_IN_PROGRESS':
      // The CDK CLI protects a stack before it has come up.
      if (isProtected)
        return {
          verdict: 'fails',
          measured: `${measured}: it never came up, and is protected from the termination by which cdk deploy begins again`,
          next: [
            `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${name}`,
          ],
        };
      return { verdict: 'ok', measured: `${measured}: it never came up; cdk deploy deletes it and begins again` };
    case 'CREATE_FAILED':
    case 'UPDATE_FAILED':
      // As the pinned CDK CLI does; it throws TtyNotAttached where it cannot ask.
      return {
        verdict: 'warning',
        measured:
          `${measured}: kept by --no-rollback, and a deployment with --no-rollback goes on from there; without ` +
          '--no-rollback, or where a resource is replaced, cdk deploy asks whether to roll back first, and where no ' +
          'terminal can answer it fails',
        next: ['./bin/metals deploy --no-rollback    # goes on from there'],
      };
    case 'UPDATE_ROLLBACK_FAILED':
      return { verdict: 'fails', measured, next: [events, `npm run cdk -- rollback ${name} --context stage=${stage}`] };
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
