/** What handlers of CloudFormation types share: values as custom resources receive them, and generated names. */
import type { ResourceContext } from '../types';

/** Of the attributes that a resource carries outside its properties, those that custom types may not have travel as properties with this prefix. */
export const MOVED_ATTRIBUTE_PREFIX = 'Lab';
/** `UpdatePolicy` arrives in a handler as `LabUpdatePolicy`. */
export const MOVED_ATTRIBUTES = ['UpdatePolicy', 'CreationPolicy'] as const;

/** True for true and "true": custom-resource properties arrive as strings. */
export const isTrue = (value: unknown): boolean => String(value) === 'true';

/** Tags as the APIs want them: `[{Key, Value}]` with string values. */
export const tagList = (tags: unknown): { Key: string; Value: string }[] =>
  ((tags as { Key: unknown; Value: unknown }[] | undefined) ?? []).map(({ Key, Value }) => ({
    Key: String(Key),
    Value: String(Value),
  }));

/** A random lower-case hexadecimal id as in `vol-0123…`: EC2 uses 17 digits, generated names 12. */
export function hexId(digits = 17): string {
  const bytes = crypto.getRandomValues(new Uint8Array(digits));
  return [...bytes].map((byte) => (byte & 15).toString(16)).join('');
}

/** A physical name such as CloudFormation generates: stack, logical id, random suffix, cut to what the service allows. */
export function generatedName(context: ResourceContext, maxLength = 255): string {
  const suffix = hexId(12);
  return `${`${context.stackName}-${context.logicalId}`.slice(0, maxLength - suffix.length - 1)}-${suffix}`;
}
