import { reasonOf, type Finding, type StateCode } from './health-states';

/** What a service knows of itself when it is asked for its health. */
export interface HealthFacts {
  /** True once every dependency has been reached with valid credentials. */
  readonly everReady: boolean;
  /** The states that hold now. */
  readonly findings: readonly Finding[];
  /** Why only a restart can help: an operation has outlived its own timeouts. Undefined: it is not stuck. */
  readonly stuck: Finding | undefined;
  readonly stopping: boolean;
}

export type HealthStatus = 'healthy' | 'degraded' | 'starting' | 'stuck' | 'stopping';

export interface Health {
  readonly status: HealthStatus;
  readonly reasons: readonly string[];
  readonly states: readonly StateCode[];
  /** 200: leave it running. 503: Swarm may restart it, and a rolling update must not go on. */
  readonly httpStatus: 200 | 503;
}

/**
 * Unhealthy until first connected, so that a wrong password does not roll out; afterwards only when stuck, so that
 * an outage of Kafka or MongoDB restarts nothing.
 */
export function decideHealth({ everReady, findings, stuck, stopping }: HealthFacts): Health {
  const told = stuck === undefined ? findings : [stuck, ...findings];
  const all = { reasons: unique(told.map(reasonOf)), states: unique(told.map(({ state }) => state)) };
  if (stuck !== undefined) return { status: 'stuck', ...all, httpStatus: 503 };
  if (!everReady) return { status: 'starting', ...all, httpStatus: 503 };
  if (stopping) return { status: 'stopping', reasons: ['draining'], states: [], httpStatus: 200 };
  if (findings.length > 0) return { status: 'degraded', ...all, httpStatus: 200 };
  return { status: 'healthy', ...all, httpStatus: 200 };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
