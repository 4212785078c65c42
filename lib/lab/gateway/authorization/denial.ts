/** The error of a denied call, in code, status and words of its service. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { AwsError } from '../errors';
import type { Decision, PermissionRequest } from './simulate';

/** Services of the query and REST-XML protocols say AccessDenied with 403; JSON ones AccessDeniedException, with 400. */
const CODES: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  ec2: { code: 'UnauthorizedOperation', status: 403 },
  s3: { code: 'AccessDenied', status: 403 },
  sts: { code: 'AccessDenied', status: 403 },
  autoscaling: { code: 'AccessDenied', status: 403 },
  monitoring: { code: 'AccessDenied', status: 403 },
  cloudformation: { code: 'AccessDenied', status: 403 },
  lambda: { code: 'AccessDeniedException', status: 403 },
};
const OTHERS = { code: 'AccessDeniedException', status: 400 };

/** Systems Manager names the account's whole service where an action knows no resource, S3 quotes. */
function namedResource(service: string, resource: string): string {
  if (service === 's3') return `"${resource}"`;
  return service === 'ssm' && resource === '*' ? `arn:aws:ssm:${LAB_REGION}:${LAB_ACCOUNT_ID}:*` : resource;
}

export function denial(service: string, request: PermissionRequest, decision: Exclude<Decision, 'allowed'>): AwsError {
  const { principal, action, resource } = request;
  const why =
    decision === 'explicitly denied'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  const text = `User: ${principal} is not authorized to perform: ${action} on resource: ${namedResource(service, resource)} ${why}`;
  const { code, status } = CODES[service] ?? OTHERS;
  return new AwsError(
    code,
    service === 'ec2' ? `You are not authorized to perform this operation. ${text}` : text,
    status,
  );
}

/** A call that no mapper knows is not let through unjudged. */
export function unmapped(service: string, operation: string, principal: string): AwsError {
  const { code, status } = CODES[service] ?? OTHERS;
  return new AwsError(
    code,
    `the lab cannot judge ${service}:${operation} of ${principal}, so it is denied: ` +
      'say what permissions it needs in lib/lab/gateway/authorization/operations',
    status,
  );
}
