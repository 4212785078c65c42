/** Whether a role's identity policies grant one permission, decided by @cloud-copilot/iam-simulate. */
import { runSimulation, runUnsafeSimulation, type SuccessfulRunSimulationResults } from '@cloud-copilot/iam-simulate';
import { LAB_ACCOUNT_ID } from '../../../contract';
import type { NamedPolicy } from './policies';

export interface PermissionRequest {
  /** ARN of the session that asks. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | string[]>>;
}

export type Decision = 'allowed' | 'implicitly denied' | 'explicitly denied';

const DECISIONS: Readonly<Record<SuccessfulRunSimulationResults['overallResult'], Decision>> = {
  Allowed: 'allowed',
  ImplicitlyDenied: 'implicitly denied',
  ExplicitlyDenied: 'explicitly denied',
};

/** AWS's own documents and parameters have no account in their ARN, and the library's data know them only with one. */
const OWNED_BY_AWS = /^arn:aws:ssm:[^:]*::/;

/** Throws when the question makes no sense: an action that IAM does not know, a resource that the action does not take. */
export async function decide(request: PermissionRequest, policies: readonly NamedPolicy[]): Promise<Decision> {
  const { principal, action, resource, context } = request;
  const simulation = {
    request: { principal, action, resource: { resource, accountId: LAB_ACCOUNT_ID }, contextVariables: { ...context } },
    identityPolicies: [...policies],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (OWNED_BY_AWS.test(resource)) return DECISIONS[runUnsafeSimulation(simulation, {})];
  const result = await runSimulation(simulation, {});
  if (result.resultType !== 'error') return DECISIONS[result.overallResult];
  throw new Error(
    `${action} on ${resource} cannot be judged (${JSON.stringify(result.errors)}): ` +
      'correct its mapper in lib/lab/gateway/authorization/operations, or the policy',
  );
}
