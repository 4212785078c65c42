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
  /** By how much this clock is ahead of the broker's. */
  readonly clockSkewMs: number;
}

/** Below it a clock that is corrected now and then is not worth a word. */
const MAX_CLOCK_SKEW_MS = 10_000;

/** The answer to GET /health: its status code is for Swarm, its body for people and the CLI. */
export function producerHealth(facts: ProducerFacts): Reply {
  const queue = facts.queueFull ? 'queue is full' : undefined;
  const clock = explainSkew(facts.clockSkewMs);
  const problems = [...facts.kafkaProblems, queue, facts.feedProblem, clock].filter((text) => text !== undefined);
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

function explainSkew(skewMs: number): string | undefined {
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return undefined;
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return `the clock of this replica is ${seconds} s ${direction} the broker's; chronyc tracking on both nodes tells which is wrong`;
}
