import { decideHealth } from '../common/health';
import type { Reply } from '../common/http';

export interface ProducerFacts {
  readonly version: string;
  readonly kafkaConnected: boolean;
  readonly everReady: boolean;
  readonly stopping: boolean;
  readonly processedCount: number;
  /** Why Kafka cannot be used, as each of its users sees it. */
  readonly kafkaProblems: readonly (string | undefined)[];
  readonly feedProblem: string | undefined;
  readonly queueFull: boolean;
  readonly inFlightMs: number;
  readonly stuckAfterMs: number;
}

/** The answer to GET /health: its status code is for Swarm, its body for people and the CLI. */
export function producerHealth(facts: ProducerFacts): Reply {
  const queue = facts.queueFull ? 'queue is full' : undefined;
  const problems = [...facts.kafkaProblems, queue, facts.feedProblem].filter((text) => text !== undefined);
  const isStuck = facts.inFlightMs > facts.stuckAfterMs;
  const decision = decideHealth({
    everReady: facts.everReady,
    problems: [...new Set(problems)],
    stuck: isStuck ? `a send is under way for ${Math.round(facts.inFlightMs)} ms` : undefined,
    stopping: facts.stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: facts.kafkaConnected,
      processed_count: facts.processedCount,
      timestamp: new Date().toISOString(),
      service: 'producer',
      version: facts.version,
      reasons: decision.reasons,
    },
  };
}
