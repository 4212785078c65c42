/** Secrets Manager. Resources as in the Service Authorization Reference, "Actions for AWS Secrets Manager". */
import { arn, mappersOf, withoutResource, type OperationMapper, type OperationMappers } from '../operation';
import { requestTags } from './request-tags';

/** AWS judges the ARN with its random suffix; of a secret that does not exist it knows the name alone. */
const onSecret =
  (operation: string): OperationMapper =>
  async ({ params }, lookups) => {
    const { SecretId, VersionId, VersionStage } = params;
    const resource =
      (await lookups.secretArn(SecretId)) ??
      (SecretId.startsWith('arn:') ? SecretId : arn('secretsmanager', `secret:${SecretId}`));
    const context = Object.fromEntries(
      Object.entries({
        'secretsmanager:SecretId': resource,
        'secretsmanager:VersionId': VersionId,
        // What GetSecretValue means when it names no version.
        'secretsmanager:VersionStage': VersionStage ?? (VersionId ? undefined : 'AWSCURRENT'),
      }).filter(([, value]) => value !== undefined),
    );
    return [{ action: `secretsmanager:${operation}`, resource, context }];
  };

/** AWS draws the suffix of six characters afterwards; the lab judges a made-up one, which no grant can name. */
const UNDRAWN_SUFFIX = 'xxxxxx';

/** Whoever tags the new secret in the same call needs the right to tag as well [CreateSecret, "Required permissions"]. */
const createSecret: OperationMapper = ({ params }) => {
  const resource = arn('secretsmanager', `secret:${params.Name}-${UNDRAWN_SUFFIX}`);
  const tags = requestTags(tagsIn(params));
  const operations = ['CreateSecret', ...(Object.keys(tags).length > 0 ? ['TagResource'] : [])];
  return operations.map((operation) => ({
    action: `secretsmanager:${operation}`,
    resource,
    context: operation === 'CreateSecret' ? { 'secretsmanager:Name': params.Name, ...tags } : tags,
  }));
};

const tagResource: OperationMapper = async (call, lookups) => {
  const permissions = await onSecret('TagResource')(call, lookups);
  return permissions.map((each) => ({ ...each, context: { ...each.context, ...requestTags(tagsIn(call.params)) } }));
};

const tagsIn = ({ Tags = [] }: { Tags?: readonly { Key: string; Value?: string }[] }): Record<string, string> =>
  Object.fromEntries(Tags.map(({ Key, Value = '' }) => [Key, Value]));

export const SECRETS_MANAGER: OperationMappers = {
  ...withoutResource('secretsmanager', 'GetRandomPassword', 'ListSecrets'),
  ...mappersOf(
    onSecret,
    'DeleteSecret',
    'DescribeSecret',
    'GetSecretValue',
    'PutSecretValue',
    'RestoreSecret',
    'UpdateSecretVersionStage',
  ),
  CreateSecret: createSecret,
  TagResource: tagResource,
};
