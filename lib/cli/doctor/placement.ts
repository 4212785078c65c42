/** Pure: why no node takes a task, in numbers. */
import type { SwarmEvidence } from './evidence';

type Service = SwarmEvidence['services'][number];
type Node = SwarmEvidence['nodes'][number];

const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
const cpus = (nano: number): string => `${(nano / 1e9).toFixed(2)} CPUs`;

/** Each constraint with the nodes that meet it; those that are away are told as such. */
export function constraintEvidence({ constraints, max_per_node: most }: Service, nodes: readonly Node[]): string[] {
  const awayNodes = nodes.filter(({ state, availability }) => state !== 'ready' || availability !== 'active');
  return [
    ...constraints.map((constraint) => {
      const fitting = nodes.filter((node) => meets(node, constraint));
      const where = fitting.map((node) =>
        awayNodes.includes(node) ? `${node.slot} (${node.state}, ${node.availability})` : node.slot,
      );
      return `${constraint}: met by ${where.join(', ') || 'no node'}`;
    }),
    ...(most > 0 ? [`at most ${most} on a node`] : []),
    ...(constraints.length === 0 && awayNodes.length > 0
      ? awayNodes.map((node) => `${node.slot} is ${node.state}, ${node.availability}`)
      : []),
  ];
}

/** What each node lacks that may run it. */
export function roomEvidence(service: Service, nodes: readonly Node[]): string[] {
  const needs = `it reserves ${mib(service.memory_bytes)} and ${cpus(service.nano_cpus)}`;
  const able = nodes.filter(
    (node) =>
      node.state === 'ready' && node.availability === 'active' && service.constraints.every((one) => meets(node, one)),
  );
  return [
    needs,
    ...able.map((node) => {
      const memory = service.memory_bytes - (node.memory_bytes - node.reserved_memory_bytes);
      const cpu = service.nano_cpus - (node.nano_cpus - node.reserved_nano_cpus);
      const lacks = [...(memory > 0 ? [mib(memory)] : []), ...(cpu > 0 ? [cpus(cpu)] : [])];
      return lacks.length > 0 ? `${node.slot} lacks ${lacks.join(' and ')}` : `${node.slot} has room`;
    }),
  ];
}

/** As Swarm compares: regardless of case; what only the node could tell counts as met. */
export function meets({ role, labels }: Pick<Node, 'role' | 'labels'>, constraint: string): boolean {
  const match = /^\s*([^\s!=]+)\s*([!=]=)\s*(.*?)\s*$/.exec(constraint);
  if (!match) return true;
  const [, key, operator, value] = match as unknown as [string, string, string, string];
  const is =
    key === 'node.role'
      ? role
      : key.startsWith('node.labels.')
        ? (labels[key.slice('node.labels.'.length)] ?? '')
        : undefined;
  return is === undefined || (is.toLowerCase() === value.toLowerCase()) === (operator === '==');
}
