/**
 * State Manager: documents that are applied to their targets when they are created or changed, to every new node, and
 * by their rate. As with the agent, one association at a time runs on a node; commands run beside it.
 */
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import { Serial } from '../serial';
import type { Store } from '../store';
import type { AssociationInput, AssociationRecord, NodeRun } from './association-records';
import { targetsOf } from './association-views';
import { isFinal } from './command-records';
import type { Commands } from './commands';
import type { Documents } from './documents';
import { checkParameters } from './parameters';
import { isDue, parseRate } from './schedule';
import { matchesTargets, type ManagedNodes } from './targets';

export interface AssociationsData {
  associations: Record<string, AssociationRecord>;
}

export class Associations {
  /** By instance. */
  private readonly queues = new Serial();

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
    if (input.MaxConcurrency ?? input.MaxErrors) {
      throw new AwsError('UnsupportedOperation', 'the lab applies an association to all of its targets at once');
    }
    if (input.ScheduleExpression) parseRate(input.ScheduleExpression);
  }

  /** Runs that a former gateway left unfinished begin again: on AWS they would have gone on. */
  forgetUnfinished(): void {
    this.store.update(() => {
      for (const { runs } of this.list()) {
        for (const [instanceId, { status }] of Object.entries(runs)) if (!isFinal(status)) delete runs[instanceId];
      }
    });
  }

  /**
   * Puts it at the end of the queue of each node, or of one, where it is due. Answers, by instance, how it ended there;
   * what a later change made obsolete before it began is missing.
   */
  async apply(id: string, onlyInstanceId?: string, now = Date.now()): Promise<Readonly<Record<string, NodeRun>>> {
    const association = this.store.data.associations[id];
    if (!association) return {};
    const { input, runs } = association;
    const due = this.nodes
      .list()
      .filter((node) => !onlyInstanceId || node.id === onlyInstanceId)
      .filter((node) => matchesTargets(node, targetsOf(input)))
      .filter((node) => isDue(runs[node.id], input.ScheduleExpression, now / 1000));
    const queued = due.map((node) => [node.id, this.enqueue(association, node.id)] as const);
    const ended = await Promise.all(queued.map(async ([instanceId, run]) => [instanceId, await run] as const));
    return Object.fromEntries(ended.filter((entry): entry is [string, NodeRun] => entry[1] !== undefined));
  }

  private enqueue(association: AssociationRecord, instanceId: string): Promise<NodeRun | undefined> {
    const run: NodeRun = { status: 'Pending', statusDetails: 'Pending', commandId: '', time: Date.now() / 1000 };
    this.store.update(() => void (association.runs[instanceId] = run));
    return this.queues.run(instanceId, async () => {
      const current = this.store.data.associations[association.id] === association;
      const managed = this.nodes.list().some(({ id }) => id === instanceId);
      if (!current || !managed || association.runs[instanceId] !== run) {
        this.forget(association, instanceId, run);
        return undefined;
      }
      try {
        await this.runOn(association, instanceId, run);
      } catch (error) {
        // Its document is gone: nothing has begun.
        this.record(run, { status: 'Failed', statusDetails: 'Failed' });
        throw error;
      }
      return run;
    });
  }

  private async runOn(association: AssociationRecord, instanceId: string, run: NodeRun): Promise<void> {
    const { id, input } = association;
    const { command, finished } = this.commands.send(
      {
        DocumentName: input.Name,
        DocumentVersion: input.DocumentVersion,
        Parameters: input.Parameters,
        Comment: `association ${input.AssociationName ?? id}`,
        InstanceIds: [instanceId],
      },
      id,
    );
    run.commandId = command.id;
    this.record(run, { status: 'InProgress', statusDetails: 'InProgress' });
    await finished;
    const invocation = command.invocations[instanceId]!;
    this.record(run, invocation);
    // An agent that has never begun it will.
    if (['DeliveryTimedOut', 'Undeliverable'].includes(invocation.statusDetails)) {
      this.forget(association, instanceId, run);
    }
  }

  /** As if this run had never been asked for, unless another has taken its place. */
  private forget({ runs }: AssociationRecord, instanceId: string, run: NodeRun): void {
    if (runs[instanceId] === run) this.store.update(() => void delete runs[instanceId]);
  }

  private record(run: NodeRun, { status, statusDetails }: Pick<NodeRun, 'status' | 'statusDetails'>): void {
    this.store.update(() => Object.assign(run, { status, statusDetails, time: Date.now() / 1000 }));
  }

  /** As apply, for events that nobody waits for. */
  applyLater(id: string, reason: string, onlyInstanceId?: string, now?: number): void {
    const name = this.store.data.associations[id]?.input.AssociationName ?? id;
    this.log(name, `applying: ${reason}`);
    this.apply(id, onlyInstanceId, now).catch((error: unknown) => this.log(name, `not applied: ${errorText(error)}`));
  }

  /** As if it had never run. */
  applyAgain(id: string, reason: string): void {
    this.store.update(() => void (this.get(id).runs = {}));
    this.applyLater(id, reason);
  }

  /** An agent lists its associations when it starts, and runs what has not run on its node, or is overdue. */
  onAgentStarted(instanceId: string, now = Date.now()): void {
    for (const id of this.dueOn(instanceId, now))
      this.applyLater(id, `the agent of ${instanceId} started`, instanceId, now);
  }

  onDefaultVersionChanged(documentName: string): void {
    for (const { id, input } of this.list()) {
      const follows =
        !input.DocumentVersion || input.DocumentVersion === '$DEFAULT' || input.DocumentVersion === '$LATEST';
      if (input.Name === documentName && follows) this.applyAgain(id, `${documentName} has a new version`);
    }
  }

  /** Applies, on nodes that are online, those that are due. */
  applyDue(now: number): void {
    for (const node of this.nodes.list().filter(({ online }) => online)) {
      for (const id of this.dueOn(node.id, now)) this.applyLater(id, `due on ${node.id}`, node.id, now);
    }
  }

  private dueOn(instanceId: string, now: number): string[] {
    const node = this.nodes.list().find(({ id }) => id === instanceId);
    if (!node) return [];
    return this.list()
      .filter(({ input }) => matchesTargets(node, targetsOf(input)))
      .filter(({ input, runs }) => isDue(runs[instanceId], input.ScheduleExpression, now / 1000))
      .map(({ id }) => id);
  }
}
