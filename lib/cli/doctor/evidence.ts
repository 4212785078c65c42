/** What `metals doctor` goes by: the answers of the documents stack-status, swarm-evidence and node-evidence, and of AWS. */
import { z } from 'zod';
import type { StackStatus } from '../stack-status';

const disk = z.object({
  mount: z.string(),
  size_bytes: z.number(),
  used_bytes: z.number(),
  free_bytes: z.number(),
  inodes: z.number(),
  inodes_used: z.number(),
  /** Since a former look, if there was one long enough ago. */
  grown_bytes: z.number().nullable(),
  over_seconds: z.number().nullable(),
});

const container = z.object({
  id: z.string(),
  service: z.string(),
  task: z.string(),
  running: z.boolean(),
  exit_code: z.number(),
  out_of_memory: z.boolean(),
  /** UTC, without a zone; Docker's zero for one that runs. */
  ended: z.string(),
  memory_limit_bytes: z.number(),
  health: z.string().nullable(),
  failing_streak: z.number(),
  health_output: z.string().nullable(),
  last_lines: z.array(z.string()),
});

/** Of one node, as it sees itself. */
export const nodeEvidence = z.object({
  slot: z.string().nullable(),
  boot: z.string(),
  docker: z.string(),
  /** Docker's API. */
  answers: z.boolean(),
  /** Null while Docker does not tell, as when the managers have no majority. */
  swarm: z.string().nullable(),
  swarm_error: z.string().nullable(),
  disks: z.array(disk),
  containers: z.array(container),
  /** Edges of other nodes, asked through the overlay network; null: no edge runs here. */
  peers: z.array(z.object({ address: z.string(), error: z.string().nullable(), milliseconds: z.number() })).nullable(),
  clock: z.object({ offset_seconds: z.number(), synchronised: z.boolean() }).nullable(),
  certificate_ends_in_seconds: z.number().nullable(),
  daemon_errors: z.array(z.string()),
  /** By its own clock. */
  at: z.string(),
});
export type NodeEvidence = z.infer<typeof nodeEvidence>;

/** What one manager knows of the Swarm. */
export const swarmEvidence = z.object({
  /** By the manager's clock. */
  at: z.string(),
  nodes: z.array(
    z.object({
      id: z.string(),
      slot: z.string(),
      role: z.string(),
      state: z.string(),
      availability: z.string(),
      message: z.string().nullable(),
      manager: z.string().nullable(),
      labels: z.record(z.string(), z.string()),
      memory_bytes: z.number(),
      nano_cpus: z.number(),
      reserved_memory_bytes: z.number(),
      reserved_nano_cpus: z.number(),
    }),
  ),
  services: z.array(
    z.object({
      name: z.string(),
      constraints: z.array(z.string()),
      max_per_node: z.number(),
      memory_bytes: z.number(),
      nano_cpus: z.number(),
      memory_limit_bytes: z.number(),
      networks: z.array(z.string()),
      failed: z.number(),
    }),
  ),
  /** Tasks that should run and do not, each followed by the one of the same place that ended last. */
  away: z.array(
    z.object({
      service: z.string(),
      task: z.string(),
      state: z.string(),
      since: z.string(),
      node: z.string().nullable(),
      error: z.string(),
      exit_code: z.number().nullable(),
      container: z.string().nullable(),
    }),
  ),
  /** How many tasks are away; of many of a kind only some are told. */
  away_count: z.number(),
  networks: z.array(
    z.object({
      name: z.string(),
      subnet: z.string().nullable(),
      ingress: z.boolean(),
      encrypted: z.boolean(),
      allocated: z.boolean(),
      addresses: z.object({
        tasks: z.number(),
        waiting: z.number(),
        services: z.number(),
        nodes: z.number(),
      }),
    }),
  ),
  edges: z.array(z.object({ address: z.string(), slot: z.string().nullable(), since: z.string() })),
  /** What is another one than was deployed last; of a service that is gone nothing `is`. */
  drift: z.array(
    z.object({ service: z.string(), what: z.string(), is: z.string().nullable(), deployed: z.string().nullable() }),
  ),
  lease: z
    .object({
      document: z.string().nullable(),
      slot: z.string().nullable(),
      command: z.string().nullable(),
      since: z.string().nullable(),
      expires_in_seconds: z.number(),
    })
    .nullable(),
});
export type SwarmEvidence = z.infer<typeof swarmEvidence>;
export type AwayTask = SwarmEvidence['away'][number];

/** What could not be had, and why. */
export interface Missing {
  readonly what: string;
  readonly why: string;
  readonly next: readonly string[];
}

export interface Evidence {
  readonly status: StackStatus | undefined;
  readonly swarm: SwarmEvidence | undefined;
  readonly nodes: readonly NodeEvidence[];
  /** Slots of which an instance runs; undefined where it may not be seen. */
  readonly running: readonly string[] | undefined;
  /** Slots whose agents are not online though their instances have run for some time. */
  readonly offline: readonly { readonly instanceId: string; readonly slot: string; readonly lastPing: string }[];
  /** Slots whose agent is online and that did not answer in time, with the reason. */
  readonly silent: readonly { readonly slot: string; readonly why: string }[];
  readonly slotsWithoutVolume: readonly string[];
  /** As associations.ts tells them. */
  readonly failedAssociations: readonly string[];
  /** Why no manager speaks for the Swarm. */
  readonly swarmSilent: Missing | undefined;
  /** What could not be looked at; it is told, and is no finding. */
  readonly missing: readonly Missing[];
}

/** One cause, or one consequence where its cause was not seen. */
export interface Finding {
  readonly code: string;
  readonly what: string;
  /** Measured values, lines of logs. */
  readonly evidence: readonly string[];
  readonly isNot: string;
  readonly next: string;
}
