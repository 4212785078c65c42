/** Pure: whether a target gets new connections, by its health checks. */
import type { HealthCheck } from './records';

/** As DescribeTargetHealth names them. */
export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'unhealthy.draining';

export interface TargetHealth {
  readonly state: TargetState;
  /** Checks in a row that said the opposite of `state`. */
  readonly against: number;
}

export const INITIAL: TargetHealth = { state: 'initial', against: 0 };

/** The health after one more check; a target changes after as many in a row as its group's threshold says. */
export function afterCheck(
  health: TargetHealth,
  passed: boolean,
  { healthyThreshold, unhealthyThreshold }: HealthCheck,
): TargetHealth {
  // A new target that fails has no connections to lose.
  if (health.state === 'initial' && !passed) return { state: 'unhealthy', against: 0 };
  if (passed === (health.state === 'healthy')) return { ...health, against: 0 };
  const against = health.against + 1;
  if (against < (passed ? healthyThreshold : unhealthyThreshold)) return { ...health, against };
  return { state: passed ? 'healthy' : 'unhealthy.draining', against: 0 };
}

/** Those that get new connections: the healthy ones, and while none is healthy, all (a load balancer fails open). */
export function eligible<T extends { readonly state: TargetState }>(targets: readonly T[]): readonly T[] {
  const healthy = targets.filter(({ state }) => state === 'healthy');
  return healthy.length > 0 ? healthy : targets;
}

/** One of these by the client's end of the connection, as a flow hash does: a client's next connection goes elsewhere. */
export function pick<T>(candidates: readonly T[], client: { readonly address: string; readonly port: number }): T {
  let hash = 0x811c9dc5;
  for (const character of `${client.address}:${client.port}`)
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  // FNV's low bits alone hardly differ between neighbouring ports.
  return candidates[((hash ^ (hash >>> 15)) >>> 0) % candidates.length]!;
}
