/** The identity policies of roles, read from ministack's IAM: inline ones and attached managed ones. */
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue, unescapeXml, xmlValues } from '../front-door/xml';

export interface NamedPolicy {
  /** Name of an inline policy, ARN of a managed one. */
  readonly name: string;
  /** The policy document. */
  readonly policy: unknown;
}

/** Policies by role name, as one answer of IAM states them. */
export type RolePolicies = ReadonlyMap<string, readonly NamedPolicy[]>;

interface RoleDetail {
  readonly roleName: string;
  readonly inline: readonly NamedPolicy[];
  readonly managedArns: readonly string[];
}

/** Up to the lists of policies no other role's name may come: instance profiles in between name roles too. */
const ROLE_DETAIL =
  /<RoleName>([^<]*)<\/RoleName>(?:(?!<RoleName>)[\s\S])*?<RolePolicyList>([\s\S]*?)<\/RolePolicyList>\s*<AttachedManagedPolicies>([\s\S]*?)<\/AttachedManagedPolicies>/g;

const parseDocument = (encoded: string): unknown => JSON.parse(decodeURIComponent(encoded));

/** Roles in an answer of GetAccountAuthorizationDetails. */
export function parseRoleDetails(xml: string): RoleDetail[] {
  return [...xml.matchAll(ROLE_DETAIL)].map(([, roleName, inline, attached]) => {
    const documents = xmlValues(inline!, 'PolicyDocument');
    return {
      roleName: unescapeXml(roleName!),
      inline: xmlValues(inline!, 'PolicyName').map((name, index) => ({
        name,
        policy: parseDocument(documents[index]!),
      })),
      managedArns: xmlValues(attached!, 'PolicyArn'),
    };
  });
}

/** Every role's policies: one call, and two for each managed policy. */
export async function readRolePolicies(upstream: Upstream): Promise<RolePolicies> {
  const xml = await upstream.query('iam', 'GetAccountAuthorizationDetails', { Filter: { member: ['Role'] } });
  const roles = parseRoleDetails(xml);
  const arns = [...new Set(roles.flatMap(({ managedArns }) => managedArns))];
  const managed = new Map(
    await Promise.all(
      arns.map(async (arn) => [arn, { name: arn, policy: await managedPolicy(upstream, arn) }] as const),
    ),
  );
  return new Map(
    roles.map(({ roleName, inline, managedArns }) => [
      roleName,
      [...inline, ...managedArns.map((arn) => managed.get(arn)!)],
    ]),
  );
}

/** The default version's document. */
async function managedPolicy(upstream: Upstream, arn: string): Promise<unknown> {
  const policy = await upstream.query('iam', 'GetPolicy', { PolicyArn: arn });
  const version = await upstream.query('iam', 'GetPolicyVersion', {
    PolicyArn: arn,
    VersionId: requiredXmlValue(policy, 'DefaultVersionId'),
  });
  return parseDocument(requiredXmlValue(version, 'Document'));
}
