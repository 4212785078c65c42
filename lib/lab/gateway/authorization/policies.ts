/** The identity policies of roles, read from ministack's IAM: inline ones and attached managed ones. */
import { errorText } from '../log';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue, unescapeXml, xmlValues } from '../front-door/xml';

export interface NamedPolicy {
  /** Name of an inline policy, ARN of a managed one. */
  readonly name: string;
  /** The policy document. */
  readonly policy: unknown;
}

/** Policies by role name, as one answer of IAM states them; an error where one of a role's policies cannot be read. */
export type RolePolicies = ReadonlyMap<string, readonly NamedPolicy[] | Error>;

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
      // CDK's bootstrap attaches a policy or AWS::NoValue, which ministack takes for a policy without a name.
      managedArns: xmlValues(attached!, 'PolicyArn').filter((arn) => arn !== ''),
    };
  });
}

/** AWS's own policies change with a new version of ministack only, which is a new start. */
const OWNED_BY_AWS = 'arn:aws:iam::aws:policy/';

/** Reads every role's policies: one call, and two for each managed policy that is not AWS's or not yet known. */
export function rolePolicyReader(upstream: Upstream): () => Promise<RolePolicies> {
  const known = new Map<string, NamedPolicy>();
  return async () => {
    const xml = await upstream.query('iam', 'GetAccountAuthorizationDetails', { Filter: { member: ['Role'] } });
    const roles = parseRoleDetails(xml);
    const arns = [...new Set(roles.flatMap(({ managedArns }) => managedArns))];
    const managed = new Map(
      await Promise.all(
        arns.map(async (arn) => [arn, known.get(arn) ?? (await managedPolicy(upstream, arn))] as const),
      ),
    );
    for (const [arn, policy] of managed)
      if (arn.startsWith(OWNED_BY_AWS) && !(policy instanceof Error)) known.set(arn, policy);
    return new Map(
      roles.map(({ roleName, inline, managedArns }) => {
        const policies = [...inline, ...managedArns.map((arn) => managed.get(arn)!)];
        const unreadable = policies.find((policy) => policy instanceof Error);
        return [roleName, unreadable ?? (policies as NamedPolicy[])];
      }),
    );
  };
}

/** The default version; an error concerns the roles that have the policy, and no others. */
async function managedPolicy(upstream: Upstream, arn: string): Promise<NamedPolicy | Error> {
  try {
    return { name: arn, policy: await managedDocument(upstream, arn) };
  } catch (error) {
    return new Error(`the managed policy ${arn} cannot be read: ${errorText(error)}`, { cause: error });
  }
}

async function managedDocument(upstream: Upstream, arn: string): Promise<unknown> {
  const policy = await upstream.query('iam', 'GetPolicy', { PolicyArn: arn });
  const version = await upstream.query('iam', 'GetPolicyVersion', {
    PolicyArn: arn,
    VersionId: requiredXmlValue(policy, 'DefaultVersionId'),
  });
  return parseDocument(requiredXmlValue(version, 'Document'));
}
