/** The answer of the document stack-status: checked, judged and drawn. */
import { z } from 'zod';
import { CliError } from './errors';
import { visible } from '../safe-text';

const schema = z.object({
  stage: z.string(),
  nodes: z.array(
    z.object({
      id: z.string(),
      hostname: z.string(),
      slot: z.string().nullable(),
      role: z.string(),
      availability: z.string(),
      state: z.string(),
      address: z.string().nullable(),
      manager: z.string().nullable(),
      engine_version: z.string().nullable(),
    }),
  ),
  services: z.array(
    z.object({
      name: z.string(),
      mode: z.string(),
      image: z.string(),
      desired: z.number(),
      running: z.number(),
      healthy: z.number(),
      update_state: z.string().nullable(),
      /** How many replicas it had before `metals rewind`, which lets them stand still; undefined as below. */
      standstill: z.string().nullish(),
      /** How many replicas its deployment says, where `metals scale` has set another number; undefined as below. */
      deployed_replicas: z.number().nullish(),
      /** Tasks that failed, of the few that Docker remembers for each place; undefined as below. */
      failed_tasks: z.number().nullish(),
      /** None: as much as the node has; undefined as below. */
      memory_limit_bytes: z.number().nullish(),
      problems: z.array(
        z.object({ task_state: z.string(), error: z.string().nullable(), node: z.string().nullable() }),
      ),
    }),
  ),
  networks: z.array(
    z.object({ name: z.string(), subnet: z.string().nullable(), encrypted: z.boolean(), allocated: z.boolean() }),
  ),
  overlay_encryption: z.string(),
  /** What the replicas answer to GET /health, the furthest from healthy; documents of an older deployment do not ask. */
  health: z
    .array(
      z.object({
        service: z.string(),
        status: z.string(),
        reasons: z.array(z.string()),
        /** Of several brokers those that vote, and who leads them; the processor asks Kafka. */
        quorum: z.object({ leader: z.number(), voters: z.array(z.number()) }).nullish(),
        /** Replicas that have answered, for which the figures below stand; undefined as above. */
        answered: z.number().nullish(),
        /** Events in the last minute: of the producer those that Kafka has acknowledged, of the processor those stored. */
        per_second: z.number().nullish(),
        /** Of the processor: records behind the end of the topic. */
        lag_records: z.number().nullish(),
      }),
    )
    .default([]),
  /** Docker secrets that services name, such as `kafka-password-admin-0123abcd`; undefined as above. */
  secrets: z.array(z.string()).optional(),
  /** Where moves from one engine to another go to that have not ended: docs/growing.md. */
  moves: z.array(z.object({ kafka: z.string(), mongodb: z.string() })).default([]),
  /** Those that run; undefined as above. */
  tasks: z
    .array(
      z.object({
        service: z.string(),
        /** None for a service that runs once on each node. */
        replica: z.number().nullable(),
        /** Its slot. */
        node: z.string(),
        container: z.string().regex(/^[0-9a-f]{12}$/),
        /** UTC, without a zone. */
        since: z.string(),
      }),
    )
    .default([]),
  /** What POST /produce is answered under `metals maintenance`; undefined as above. */
  maintenance: z.string().nullish(),
  generated_at: z.string(),
});

export type StackStatus = z.infer<typeof schema>;
export type Service = StackStatus['services'][number];

/** @throws CliError when the text is not the JSON that was agreed on */
export function parseStackStatus(stdout: string): StackStatus {
  const fail = (why: string, cause?: unknown): CliError =>
    new CliError(
      'the status could not be read',
      `the document stack-status answered ${why}: ${JSON.stringify(stdout.slice(0, 200))}`,
      ['./bin/metals deploy    # brings document and command line to the same version'],
      'other-version',
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch (error) {
    throw fail('something that is not JSON', error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw fail(`JSON with a wrong ${issue.path.join('.') || 'shape'} (${issue.message})`, result.error);
}

export const isJob = (service: Service): boolean => service.mode.endsWith('-job');
export const ROLLED_BACK = ['paused', 'rollback_started', 'rollback_paused', 'rollback_completed'];

/**
 * Pure: what is wrong, one line each; nothing means healthy. Nodes report it, and one may be compromised: their text does not
 * drive the terminal.
 */
export function findProblems(status: StackStatus): string[] {
  const problems = [
    ...status.nodes.flatMap((node) => {
      const name = node.slot ?? node.hostname;
      if (node.state !== 'ready') return [`node ${name} is ${node.state}`];
      if (node.slot === null)
        return [
          `node ${name} (${node.address ?? 'no address'}) has lost its label metals.slot: the association Relabel gives it back within half an hour`,
        ];
      if (node.manager === 'unreachable') return [`manager ${name} is unreachable for the other managers`];
      return [];
    }),
    ...status.networks
      .filter((network) => !network.allocated)
      .map((network) => `network ${network.name} is not allocated`),
    ...(status.services.length === 0 ? ['no service is deployed'] : []),
    ...status.moves.map(
      ({ kafka, mongodb }) =>
        `a move to Kafka ${kafka}, MongoDB ${mongodb} has not ended: let its deployment end, or deploy again`,
    ),
    ...status.services.flatMap(serviceProblems),
    ...status.health.flatMap(healthProblems),
  ];
  return problems.map(visible);
}

function serviceProblems(service: Service): string[] {
  const short = service.running < service.desired || (!isJob(service) && service.healthy < service.desired);
  const update = service.update_state ?? '';
  const found: string[] = [];
  if (service.desired === 0 && typeof service.standstill === 'string')
    found.push(
      `service ${service.name} stands still for a rewind: let it end; if it was cut off: ./bin/metals rewind --all`,
    );
  else if (service.mode === 'replicated' && service.desired === 0) found.push(`service ${service.name} is scaled to 0`);
  if (short)
    found.push(`service ${service.name}: ${service.running} of ${service.desired} running, ${service.healthy} healthy`);
  if (ROLLED_BACK.includes(update)) found.push(`service ${service.name}: its last update ended as ${update}`);
  // Tasks that failed before the service recovered are history, not a problem.
  if (short) {
    found.push(
      ...service.problems.map(
        (task) =>
          `service ${service.name}: task ${task.task_state} on ${task.node ?? 'no node'}: ${task.error ?? 'no error given'}`,
      ),
    );
  }
  return found;
}

function healthProblems({ service, status, reasons }: StackStatus['health'][number]): string[] {
  if (status === 'healthy') return [];
  // Without a replica that answers there are only reasons.
  const found = status === 'none' ? `${service} does not answer` : `${service} is ${status}`;
  return reasons.length === 0 ? [found] : reasons.map((reason) => `${found}: ${reason}`);
}

/** Pure: what Kafka's quorum is; undefined with one broker, or where no processor knows. */
export function quorumLine({ health }: StackStatus): string | undefined {
  const quorum = health.find((one) => one.quorum)?.quorum;
  return quorum ? `Kafka's quorum: brokers ${quorum.voters.join(', ')} vote, broker ${quorum.leader} leads` : undefined;
}

/** Pure: what an operator has set and may have forgotten, one line each. */
export const reminders = ({ maintenance }: StackStatus): string[] =>
  typeof maintenance === 'string'
    ? [
        `under maintenance: POST /produce is answered 503 with "${visible(maintenance)}"; to end it: ./bin/metals maintenance off`,
      ]
    : [];
