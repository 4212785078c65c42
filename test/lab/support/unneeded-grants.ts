/** Which grants no recorded call needed: each is taken away in turn, and the calls are judged again. */
import type { NamedPolicy } from '../../../lib/lab/gateway/authorization/policies';
import type { RecordedCall } from '../../../lib/lab/gateway/authorization/recording';
import { decide } from '../../../lib/lab/gateway/authorization/simulate';

/** A managed policy, a statement, an action pattern of a statement, or a resource pattern of a statement. */
export interface UnneededGrant {
  readonly roleName: string;
  readonly policyName: string;
  readonly kind: 'policy' | 'statement' | 'action' | 'resource';
  /** Actions that would go: all of the policy's or statement's, the one action, or those of which a resource would go. */
  readonly actions: readonly string[];
  /** Resources on which they would go. */
  readonly resources: readonly string[];
}

/** Why a grant stays that no call of the lab needs. */
export interface Reason {
  readonly roles: RegExp;
  /** Every action of the grant must be among these. */
  readonly actions: readonly string[];
  /** Every resource of the grant must match. @default any */
  readonly resources?: RegExp;
  /** Where it is said that the grant is needed. */
  readonly reason: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
}
type Policies = readonly NamedPolicy[];

const list = (value: string | readonly string[] | undefined): readonly string[] => [value ?? []].flat();
const statementsOf = ({ policy }: NamedPolicy): readonly Statement[] =>
  [(policy as { Statement: Statement | readonly Statement[] }).Statement].flat();
const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
const isManaged = ({ name }: NamedPolicy): boolean => name.startsWith('arn:');

/** The policies with other statements in one of them. */
const replaced = (policies: Policies, index: number, statements: readonly Statement[]): Policies =>
  policies.flatMap((each, i) => {
    if (i !== index) return [each];
    return statements.length > 0 ? [{ ...each, policy: { ...(each.policy as object), Statement: statements } }] : [];
  });

/** Every grant that can be taken away alone, widest first, with the policies that are left. */
function* removals(roleName: string, policies: Policies): Generator<{ grant: UnneededGrant; left: Policies }> {
  for (const [index, policy] of policies.entries()) {
    const statements = statementsOf(policy);
    const policyName = policy.name;
    if (isManaged(policy)) {
      const actions = unique(statements.flatMap(({ Action }) => list(Action)));
      const resources = unique(statements.flatMap(({ Resource }) => list(Resource)));
      yield {
        grant: { roleName, policyName, kind: 'policy', actions, resources },
        left: replaced(policies, index, []),
      };
      continue;
    }
    for (const [at, statement] of statements.entries()) {
      if (statement.Effect !== 'Allow') continue;
      const actions = list(statement.Action);
      const resources = list(statement.Resource);
      const leave = (...put: readonly Statement[]): Policies =>
        replaced(policies, index, [...statements.slice(0, at), ...put, ...statements.slice(at + 1)]);
      const grant = { roleName, policyName, actions, resources };
      yield { grant: { ...grant, kind: 'statement' }, left: leave() };
      for (const action of actions.length > 1 ? actions : []) {
        const rest = { ...statement, Action: actions.filter((each) => each !== action) };
        yield { grant: { ...grant, kind: 'action', actions: [action] }, left: leave(rest) };
      }
      for (const resource of resources.length > 1 ? resources : []) {
        const rest = { ...statement, Resource: resources.filter((each) => each !== resource) };
        yield { grant: { ...grant, kind: 'resource', resources: [resource] }, left: leave(rest) };
      }
    }
  }
}

/** True when every call would still be allowed. */
async function allAllowed(calls: readonly RecordedCall[], policies: Policies): Promise<boolean> {
  for (const call of calls) if ((await decide(call, policies)) !== 'allowed') return false;
  return true;
}

async function allowedCalls(calls: readonly RecordedCall[], policies: Policies): Promise<RecordedCall[]> {
  const distinct = new Map(
    calls
      .filter(({ decision }) => decision === 'allowed')
      .map((call) => [JSON.stringify([call.action, call.resource, call.context]), call]),
  );
  const still = await Promise.all(
    // A call of an earlier deployment may have used a grant that is gone.
    [...distinct.values()].map(async (call) => ((await decide(call, policies)) === 'allowed' ? [call] : [])),
  );
  return still.flat();
}

/** Grants of the roles that exist now which none of the recorded calls needed; of a statement that goes, no parts. */
export async function unneededGrants(
  policiesByRole: ReadonlyMap<string, Policies>,
  calls: readonly RecordedCall[],
): Promise<UnneededGrant[]> {
  const found: UnneededGrant[] = [];
  for (const [roleName, policies] of policiesByRole) {
    const needed = await allowedCalls(
      calls.filter((call) => call.roleName === roleName),
      policies,
    );
    let whole: UnneededGrant | undefined;
    for (const { grant, left } of removals(roleName, policies)) {
      const isPart = grant.kind === 'action' || grant.kind === 'resource';
      if (!isPart) whole = undefined;
      if (whole || !(await allAllowed(needed, left))) continue;
      found.push(grant);
      if (!isPart) whole = grant;
    }
  }
  return found;
}

const explains = (reason: Reason, { roleName, actions, resources }: UnneededGrant): boolean =>
  reason.roles.test(roleName) &&
  actions.every((action) => reason.actions.includes(action)) &&
  resources.every((resource) => reason.resources?.test(resource) ?? true);

/** A statement in which some actions have one reason and the others another is explained action by action. */
function isExplained(grant: UnneededGrant, reasons: readonly Reason[]): boolean {
  if (grant.kind === 'resource') return reasons.some((reason) => explains(reason, grant));
  return grant.actions.every((action) => reasons.some((reason) => explains(reason, { ...grant, actions: [action] })));
}

/**
 * What must change: grants that neither a call nor a reason asks for, and reasons for grants that do not exist. Of a
 * statement, some actions may be needed by tests that have not passed yet.
 */
export function unexplained(
  grants: readonly UnneededGrant[],
  reasons: readonly Reason[],
  notExercised: readonly Reason[] = [],
) {
  return {
    grants: grants.filter((grant) => !isExplained(grant, [...reasons, ...notExercised])),
    reasons: reasons.filter(
      (reason) =>
        !grants.some(
          (grant) =>
            explains(reason, grant) ||
            grant.actions.some((action) => explains(reason, { ...grant, actions: [action] })),
        ),
    ),
  };
}
