/** State Manager: documents that are applied to their targets when they are created or changed, and to every new node. */
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import { Serial } from '../serial';
import type { Store } from '../store';
import { isFinal, type CommandRecord, type CommandStatus } from './command-records';
import type { Commands } from './commands';
import type { Documents } from './documents';
import { checkParameters } from './parameters';
import { parseRate } from './schedule';
import { matchesTargets, type ManagedNodes, type TargetInput } from './targets';

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

interface NodeRun {
  readonly status: CommandStatus;
  readonly commandId: string;
  readonly time: number;
}

export interface AssociationRecord {
  readonly id: string;
  input: AssociationInput;
  version: number;
  readonly createdTime: number;
  lastRunTime?: number;
  /** Last result by instance. */
  runs: Record<string, NodeRun>;
}

export interface AssociationsData {
  associations: Record<string, AssociationRecord>;
}

export class Associations {
  private readonly serial = new Serial();

  constructor(
    private readonly store: Store<AssociationsData>,
    private readonly documents: Documents,
    private readonly commands: Commands,
    private readonly nodes: ManagedNodes,
    private readonly log: Log,
  ) {}

  create(input: AssociationInput): AssociationRecord {
    this.check(input);
    const association: AssociationRecord = {
      id: crypto.randomUUID(),
      input,
      version: 1,
      createdTime: Date.now() / 1000,
      runs: {},
    };
    this.store.update((data) => void (data.associations[association.id] = association));
    return association;
  }

  update(id: string, input: AssociationInput): AssociationRecord {
    const association = this.get(id);
    this.check(input);
    this.store.update(() => {
      association.input = input;
      association.version += 1;
      association.runs = {};
    });
    return association;
  }

  delete(id: string): void {
    this.store.update((data) => void delete data.associations[id]);
  }

  get(id: string): AssociationRecord {
    const found = this.store.data.associations[id];
    if (found) return found;
    throw new AwsError('AssociationDoesNotExist', `association ${id} does not exist`);
  }

  list(): AssociationRecord[] {
    return Object.values(this.store.data.associations);
  }

  private check(input: AssociationInput): void {
    const document = this.documents.get(input.Name);
    checkParameters(this.documents.content(document, input.DocumentVersion), input.Parameters);
    if (targetsOf(input).length === 0)
      throw new AwsError('InvalidTarget', 'an association needs Targets or InstanceId');
    if (input.ScheduleExpression) parseRate(input.ScheduleExpression);
  }

  /** Runs it on all targets, or on one; runs of one association never overlap. Answers the finished command. */
  apply(id: string, onlyInstanceId?: string): Promise<CommandRecord | undefined> {
    return this.serial.run(id, async () => {
      const association = this.store.data.associations[id];
      if (!association) return undefined;
      const { input } = association;
      const { command, finished } = this.commands.send(
        {
          DocumentName: input.Name,
          DocumentVersion: input.DocumentVersion,
          Parameters: input.Parameters,
          Comment: `association ${input.AssociationName ?? id}`,
          MaxConcurrency: input.MaxConcurrency,
          // State Manager tries every target unless told otherwise.
          MaxErrors: input.MaxErrors ?? '100%',
          ...(onlyInstanceId ? { InstanceIds: [onlyInstanceId] } : { Targets: targetsOf(input) }),
        },
        id,
      );
      await finished;
      this.store.update(() => {
        association.lastRunTime = Date.now() / 1000;
        for (const { instanceId, status } of Object.values(command.invocations)) {
          association.runs[instanceId] = { status, commandId: command.id, time: association.lastRunTime };
        }
      });
      return command;
    });
  }

  /** As apply, for events that nobody waits for. */
  applyLater(id: string, reason: string, onlyInstanceId?: string): void {
    const name = this.store.data.associations[id]?.input.AssociationName ?? id;
    this.log(name, `applying: ${reason}`);
    this.apply(id, onlyInstanceId).catch((error: unknown) => this.log(name, `not applied: ${errorText(error)}`));
  }

  /** A node whose agent reports for the first time gets every association that targets it. */
  onNodeRegistered(instanceId: string): void {
    const node = this.nodes.list().find(({ id }) => id === instanceId);
    if (!node) return;
    for (const { id, input } of this.list()) {
      if (matchesTargets(node, targetsOf(input))) this.applyLater(id, `${instanceId} is new`, instanceId);
    }
  }

  onDefaultVersionChanged(documentName: string): void {
    for (const { id, input } of this.list()) {
      const follows =
        !input.DocumentVersion || input.DocumentVersion === '$DEFAULT' || input.DocumentVersion === '$LATEST';
      if (input.Name === documentName && follows) this.applyLater(id, `${documentName} has a new version`);
    }
  }

  /** Applies those whose rate is due. */
  applyDue(now: number): void {
    for (const { id, input, lastRunTime, createdTime } of this.list()) {
      if (!input.ScheduleExpression || this.serial.isBusy(id)) continue;
      const dueTime = (lastRunTime ?? createdTime) + parseRate(input.ScheduleExpression);
      if (now / 1000 >= dueTime) this.applyLater(id, input.ScheduleExpression);
    }
  }
}

export const targetsOf = (input: AssociationInput): readonly TargetInput[] =>
  input.InstanceId ? [{ Key: 'InstanceIds', Values: [input.InstanceId] }] : (input.Targets ?? []);

/** Pending until it ran, Success only when it succeeded everywhere. */
export function associationStatus(association: AssociationRecord): 'Pending' | 'Success' | 'Failed' {
  const statuses = Object.values(association.runs).map(({ status }) => status);
  if (association.lastRunTime === undefined || statuses.some((status) => !isFinal(status))) return 'Pending';
  return statuses.every((status) => status === 'Success') ? 'Success' : 'Failed';
}

/** DescribeAssociation and ListAssociations. */
export function associationView(association: AssociationRecord): Record<string, unknown> {
  const { id, input, version, lastRunTime, runs } = association;
  const counts: Record<string, number> = {};
  for (const { status } of Object.values(runs)) counts[status] = (counts[status] ?? 0) + 1;
  const status = associationStatus(association);
  return {
    AssociationId: id,
    AssociationVersion: String(version),
    Name: input.Name,
    AssociationName: input.AssociationName,
    DocumentVersion: input.DocumentVersion ?? '$DEFAULT',
    Parameters: input.Parameters,
    Targets: targetsOf(input),
    InstanceId: input.InstanceId,
    ScheduleExpression: input.ScheduleExpression,
    Date: association.createdTime,
    LastExecutionDate: lastRunTime,
    Overview: { Status: status, DetailedStatus: status, AssociationStatusAggregatedCount: counts },
  };
}
