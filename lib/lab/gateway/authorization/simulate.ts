/** Whether a role's identity policies grant one permission, decided by @cloud-copilot/iam-simulate. */
import { runSimulation, type SuccessfulRunSimulationResults } from '@cloud-copilot/iam-simulate';
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

/** Throws when the question makes no sense: an action that IAM does not know, a resource that the action does not take. */
export async function decide(request: PermissionRequest, policies: readonly NamedPolicy[]): Promise<Decision> {
  const { principal, action, resource, context } = request;
  const result = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: LAB_ACCOUNT_ID },
        contextVariables: { ...context },
      },
      identityPolicies: [...policies],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType !== 'error') return DECISIONS[result.overallResult];
  throw new Error(
    `${action} on ${resource} cannot be judged (${JSON.stringify(result.errors)}): ` +
      'correct its mapper in lib/lab/gateway/authorization/operations, or the policy',
  );
}
