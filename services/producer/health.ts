import { explainSkew } from '../common/clock';
import { decideHealth } from '../common/health';
import { findings, kafkaState, type Finding } from '../common/health-states';
import type { Reply } from '../common/http';

export interface ProducerFacts {
  readonly version: string;
  readonly kafkaConnected: boolean;
  readonly everReady: boolean;
  readonly stopping: boolean;
  readonly processedCount: number;
  /** In the last minute. */
  readonly processedPerSecond: number;
  /** Name of the container. */
  readonly instance: string;
  /** Why Kafka cannot be used, as each of its users sees it. */
  readonly kafkaProblems: readonly (string | undefined)[];
  readonly feedProblem: string | undefined;
  readonly queueFull: boolean;
  readonly inFlightMs: number;
  readonly stuckAfterMs: number;
  /** By how much this clock is ahead of the broker's. */
  readonly clockSkewMs: number;
}

/** The answer to GET /health: its status code is for Swarm, its body for people and the CLI. */
export function producerHealth(facts: ProducerFacts): Reply {
  const isStuck = facts.inFlightMs > facts.stuckAfterMs;
  const decision = decideHealth({
    everReady: facts.everReady,
    findings: producerFindings(facts),
    stuck: isStuck
      ? { state: 'send-stuck', detail: `a send is under way for ${Math.round(facts.inFlightMs)} ms` }
      : undefined,
    stopping: facts.stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: facts.kafkaConnected,
      processed_count: facts.processedCount,
      processed_per_second: facts.processedPerSecond,
      instance: facts.instance,
      timestamp: new Date().toISOString(),
      service: 'producer',
      version: facts.version,
      reasons: decision.reasons,
      states: decision.states,
    },
  };
}

/** The states that hold now, but for the one that only a restart ends. */
export function producerFindings(
  facts: Pick<ProducerFacts, 'kafkaProblems' | 'queueFull' | 'feedProblem' | 'clockSkewMs'>,
): Finding[] {
  const kafka = facts.kafkaProblems.filter((problem) => problem !== undefined);
  return [
    ...kafka.map((detail) => ({ state: kafkaState(detail), detail })),
    ...findings([
      ['queue-full', facts.queueFull ? 'queue is full' : undefined],
      ['feed-failing', facts.feedProblem],
      ['clock-skewed', explainSkew(facts.clockSkewMs, 'Kafka')],
    ]),
  ];
}
