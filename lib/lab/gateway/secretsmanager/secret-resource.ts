/** AWS::SecretsManager::Secret: ministack's own answers the name for `Ref` and ignores parts of GenerateSecretString. */
import { isDeepStrictEqual } from 'node:util';
import { ignoreNotFound } from '../errors';
import { hexId, isTrue, tagList } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import type { Properties, ResourceHandler } from '../types';

interface GenerateSecretString {
  readonly [name: string]: unknown;
  readonly SecretStringTemplate?: string;
  readonly GenerateStringKey?: string;
}

/** Properties arrive as strings; the API wants numbers and booleans. */
export function randomPasswordRequest(generate: GenerateSecretString): Record<string, unknown> {
  const flag = (name: string, fallback = false) => (generate[name] === undefined ? fallback : isTrue(generate[name]));
  return {
    PasswordLength: Number(generate.PasswordLength ?? 32),
    ExcludeCharacters: generate.ExcludeCharacters,
    ExcludeLowercase: flag('ExcludeLowercase'),
    ExcludeNumbers: flag('ExcludeNumbers'),
    ExcludePunctuation: flag('ExcludePunctuation'),
    ExcludeUppercase: flag('ExcludeUppercase'),
    IncludeSpace: flag('IncludeSpace'),
    RequireEachIncludedType: flag('RequireEachIncludedType', true),
  };
}

/** Puts the generated password into the template, as `{"username":"admin","password":"…"}`; alone without one. */
export function fillTemplate(generate: GenerateSecretString, password: string): string {
  const { SecretStringTemplate: template, GenerateStringKey: key } = generate;
  if (!template && !key) return password;
  if (!template || !key)
    throw new Error('GenerateSecretString: SecretStringTemplate and GenerateStringKey must come together');
  return JSON.stringify({ ...(JSON.parse(template) as object), [key]: password });
}

export function secretResource(upstream: Upstream): ResourceHandler {
  const call = (action: string, body: Record<string, unknown>) =>
    upstream.json('secretsmanager', `secretsmanager.${action}`, body);

  const secretString = async (properties: Properties): Promise<string | undefined> => {
    if (properties.SecretString !== undefined) return String(properties.SecretString);
    const generate = properties.GenerateSecretString as GenerateSecretString | undefined;
    if (!generate) return undefined;
    const { RandomPassword } = await call('GetRandomPassword', randomPasswordRequest(generate));
    return fillTemplate(generate, RandomPassword);
  };
  const result = (arn: string) => ({ physicalId: arn, attributes: { Id: arn } });

  return {
    type: 'AWS::SecretsManager::Secret',
    replaceOn: ['Name'],
    async create(properties, { logicalId }) {
      const { ARN } = await call('CreateSecret', {
        Name: properties.Name ?? `${logicalId}-${hexId(12)}`,
        Description: properties.Description,
        KmsKeyId: properties.KmsKeyId,
        SecretString: await secretString(properties),
        Tags: tagList(properties.Tags),
      });
      return result(ARN);
    },
    async update(physicalId, properties, old) {
      // A new value only where the template says how to make one differently: anything else must not lose the secret.
      const source = (from: Properties) => [from.SecretString, from.GenerateSecretString];
      const changed = !isDeepStrictEqual(source(properties), source(old));
      await call('UpdateSecret', {
        SecretId: physicalId,
        Description: properties.Description ?? '',
        SecretString: changed ? await secretString(properties) : undefined,
      });
      const tags = tagList(properties.Tags);
      const dropped = tagList(old.Tags).filter(({ Key }) => !tags.some((tag) => tag.Key === Key));
      if (dropped.length > 0)
        await call('UntagResource', { SecretId: physicalId, TagKeys: dropped.map(({ Key }) => Key) });
      if (tags.length > 0) await call('TagResource', { SecretId: physicalId, Tags: tags });
      return result(physicalId);
    },
    async delete(physicalId) {
      await ignoreNotFound(call('DeleteSecret', { SecretId: physicalId, ForceDeleteWithoutRecovery: true }));
    },
  };
}
