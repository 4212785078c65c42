/** Managed nodes, and which of them a command or an association means. */
import { AwsError } from '../errors';

export interface ManagedNode {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly privateIp: string;
  readonly container: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly online: boolean;
  /** False for a while after registration: SendCommand does not know it then, State Manager does. */
  readonly acceptsCommands: boolean;
  readonly lastPing: Date;
  readonly registrationTime: Date;
}

export interface ManagedNodes {
  /** Every node whose agent has ever reported and whose instance has not ended. */
  list(): readonly ManagedNode[];
}

export interface TargetInput {
  readonly Key: string;
  readonly Values: readonly string[];
}

/** All targets must match: each names a tag, the existence of a tag, or instances. */
export function matchesTargets(node: ManagedNode, targets: readonly TargetInput[]): boolean {
  return targets.every(({ Key: key, Values: values }) => {
    if (/^InstanceIds$/i.test(key)) return values.includes('*') || values.includes(node.id);
    if (key === 'tag-key') return values.some((name) => name in node.tags);
    if (key.startsWith('tag:')) return values.includes(node.tags[key.slice('tag:'.length)] ?? '\0');
    throw new AwsError('InvalidTarget', `target key '${key}'; the lab knows InstanceIds, tag:<name> and tag-key`);
  });
}

/** Ids of the nodes meant; an id that is not managed is an error, a tag that matches nothing is not. */
export function resolveTargets(
  nodes: readonly ManagedNode[],
  instanceIds: readonly string[],
  targets: readonly TargetInput[],
): string[] {
  if (instanceIds.length > 0) {
    const unknown = instanceIds.filter((id) => !nodes.some((node) => node.id === id));
    if (unknown.length === 0) return [...new Set(instanceIds)];
    throw new AwsError('InvalidInstanceId', `Instances [[${unknown.join(', ')}]] not in a valid state for account`);
  }
  if (targets.length === 0) throw new AwsError('InvalidParameters', 'InstanceIds or Targets must be given');
  return nodes.filter((node) => matchesTargets(node, targets)).map(({ id }) => id);
}
