/** What a service knows of itself when it is asked for its health. */
export interface HealthFacts {
  /** True once every dependency has been reached with valid credentials. */
  readonly everReady: boolean;
  /** What does not work now, one reason each. */
  readonly problems: readonly string[];
  /** Why only a restart can help: an operation has outlived its own timeouts. Undefined: it is not stuck. */
  readonly stuck: string | undefined;
  readonly stopping: boolean;
}

export type HealthStatus = 'healthy' | 'degraded' | 'starting' | 'stuck' | 'stopping';

export interface Health {
  readonly status: HealthStatus;
  readonly reasons: readonly string[];
  /** 200: leave it running. 503: Swarm may restart it, and a rolling update must not go on. */
  readonly httpStatus: 200 | 503;
}

/**
 * Unhealthy until first connected, so that a wrong password does not roll out; afterwards only when stuck, so that
 * an outage of Kafka or MongoDB restarts nothing.
 */
export function decideHealth(facts: HealthFacts): Health {
  if (facts.stuck !== undefined) {
    return { status: 'stuck', reasons: [facts.stuck, ...facts.problems], httpStatus: 503 };
  }
  if (!facts.everReady) return { status: 'starting', reasons: facts.problems, httpStatus: 503 };
  if (facts.stopping) return { status: 'stopping', reasons: ['draining'], httpStatus: 200 };
  if (facts.problems.length > 0) return { status: 'degraded', reasons: facts.problems, httpStatus: 200 };
  return { status: 'healthy', reasons: [], httpStatus: 200 };
}
