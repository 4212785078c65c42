/** What the lab keeps of an association. */
import type { CommandStatus } from './command-records';
import type { TargetInput } from './targets';

export interface AssociationInput {
  readonly Name: string;
  readonly AssociationName?: string;
  readonly DocumentVersion?: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Targets?: readonly TargetInput[];
  readonly InstanceId?: string;
  readonly ScheduleExpression?: string;
  readonly MaxErrors?: string;
  readonly MaxConcurrency?: string;
}

/** An association's last run on a node, or the one that waits for its turn. */
export interface NodeRun {
  status: CommandStatus;
  statusDetails: string;
  commandId: string;
  /** When it was queued, then when it began and when it ended, in seconds since 1970. */
  time: number;
}

export interface AssociationRecord {
  readonly id: string;
  input: AssociationInput;
  version: number;
  readonly createdTime: number;
  /** By instance; without an entry it has not run there. */
  runs: Record<string, NodeRun>;
}
