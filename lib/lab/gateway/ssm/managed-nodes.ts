/** Pure: managed nodes as the API shows them, and its filters. */
import { AwsError } from '../errors';
import { matchesTargets, type ManagedNode } from './targets';

/** The lab runs ENV_VAR parameters as agents from 3.3.2746.0 on do. */
export const AGENT_VERSION = '3.3.3050.0';
/** The agent tells them to the service, and to scripts as AWS_SSM_PLATFORM_NAME and AWS_SSM_PLATFORM_VERSION. */
export const PLATFORM_NAME = 'Debian GNU/Linux (node container of the lab)';
export const PLATFORM_VERSION = '13';

interface FilterInput {
  readonly Filters?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly InstanceInformationFilterList?: readonly { readonly key: string; readonly valueSet: readonly string[] }[];
  readonly FiltersWithOperator?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
}

export function filterNodes(nodes: readonly ManagedNode[], input: FilterInput): ManagedNode[] {
  const filters = [
    ...(input.Filters ?? []),
    ...(input.FiltersWithOperator ?? []),
    ...(input.InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({ Key: key, Values: valueSet })),
  ];
  return nodes.filter((node) => filters.every((filter) => matchesFilter(node, filter.Key, filter.Values)));
}

function matchesFilter(node: ManagedNode, key: string, values: readonly string[]): boolean {
  const attributes: Readonly<Record<string, string>> = {
    PingStatus: pingStatus(node),
    PlatformTypes: 'Linux',
    PlatformType: 'Linux',
    ResourceType: 'EC2Instance',
    AgentVersion: AGENT_VERSION,
  };
  if (key in attributes) return values.includes(attributes[key]!);
  if (key === 'InstanceIds' || key === 'tag-key' || key.startsWith('tag:')) {
    return matchesTargets(node, [{ Key: key, Values: values }]);
  }
  const known = [...Object.keys(attributes), 'InstanceIds', 'tag-key', 'tag:<name>'].join(', ');
  throw new AwsError('InvalidInstanceInformationFilterValue', `filter '${key}'; the lab knows ${known}`);
}

const pingStatus = (node: ManagedNode): string => (node.online ? 'Online' : 'ConnectionLost');

export const describeNode = (node: ManagedNode): Record<string, unknown> => ({
  InstanceId: node.id,
  PingStatus: pingStatus(node),
  LastPingDateTime: node.lastPing.getTime() / 1000,
  RegistrationDate: node.registrationTime.getTime() / 1000,
  AgentVersion: AGENT_VERSION,
  IsLatestVersion: true,
  PlatformType: 'Linux',
  PlatformName: PLATFORM_NAME,
  PlatformVersion: PLATFORM_VERSION,
  ResourceType: 'EC2Instance',
  ComputerName: node.hostname,
  IPAddress: node.privateIp,
  SourceId: node.id,
  SourceType: 'AWS::EC2::Instance',
});

export const nodeProperties = (node: ManagedNode): Record<string, unknown> => ({
  ...describeNode(node),
  Name: node.name,
  InstanceState: 'running',
});
