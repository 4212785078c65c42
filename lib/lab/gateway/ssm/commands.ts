/** Run Command: sends documents to nodes, follows and cancels them. */
import { AwsError } from '../errors';
import type { Log } from '../log';
import type { RecordStore } from '../store';
import {
  isFinal,
  isForgotten,
  setStatus,
  stepDirectory,
  type CommandRecord,
  type InvocationRecord,
} from './command-records';
import { CommandRun, type CommandEffects } from './command-run';
import type { Documents } from './documents';
import { agentRefusal } from './agent-parameters';
import { checkParameters, environmentOf } from './parameters';
import { planSteps, type PlannedStep } from './steps';
import { resolveTargets, type ManagedNodes, type TargetInput } from './targets';

const DEFAULT_DELIVERY_SECONDS = 3600;

export interface CommandInput {
  readonly DocumentName: string;
  readonly DocumentVersion?: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly InstanceIds?: readonly string[];
  readonly Targets?: readonly TargetInput[];
  readonly Comment?: string;
  readonly TimeoutSeconds?: number;
  readonly MaxConcurrency?: string;
  readonly MaxErrors?: string;
  readonly CloudWatchOutputConfig?: {
    readonly CloudWatchOutputEnabled?: boolean;
    readonly CloudWatchLogGroupName?: string;
  };
}

export class Commands {
  private readonly running = new Map<string, CommandRun>();

  constructor(
    private readonly store: RecordStore<CommandRecord>,
    private readonly documents: Documents,
    private readonly nodes: ManagedNodes,
    private readonly effects: CommandEffects,
    private readonly log: Log,
  ) {}

  /** Checks everything, then starts; `finished` resolves when the command is over, whatever its result. */
  send(input: CommandInput, associationId?: string): { command: CommandRecord; finished: Promise<void> } {
    const document = this.documents.get(input.DocumentName);
    const content = this.documents.content(document, input.DocumentVersion);
    const values = checkParameters(content, input.Parameters);
    const nodes = this.nodes.list().filter(({ acceptsCommands }) => acceptsCommands || associationId !== undefined);
    const ids = resolveTargets(nodes, input.InstanceIds ?? [], input.Targets ?? []);
    const now = Date.now() / 1000;
    const steps = planSteps(content, values);
    const deliveryTimeoutSeconds = deliveryTimeout(input.TimeoutSeconds);
    const executionSeconds = steps.reduce((sum, step) => sum + step.timeoutSeconds, 0);
    const command: CommandRecord = {
      id: crypto.randomUUID(),
      documentName: document.name,
      documentVersion: this.documents.versionNumber(document, input.DocumentVersion),
      requestedTime: now,
      parameters: Object.fromEntries(
        Object.entries(input.Parameters ?? {}).map(([k, v]) => [k, [v].flat().map(String)]),
      ),
      instanceIds: input.InstanceIds ?? [],
      targets: input.Targets ?? [],
      comment: input.Comment ?? '',
      deliveryTimeoutSeconds,
      expiresTime: now + deliveryTimeoutSeconds + executionSeconds,
      maxConcurrency: input.MaxConcurrency ?? '50',
      maxErrors: input.MaxErrors ?? '0',
      associationId,
      logGroupName: logGroupName(input, document.name),
      status: 'Pending',
      statusDetails: 'Pending',
      invocations: Object.fromEntries(
        ids.map((id) => [id, newInvocation(id, nodes.find((node) => node.id === id)!.name, now, steps)]),
      ),
    };
    for (const { id } of this.list().filter((each) => isForgotten(each, now))) this.store.delete(id);
    this.store.save(command);
    const planned = { steps, environment: environmentOf(content, values), refusal: agentRefusal(content, values) };
    const run = new CommandRun(command, planned, {
      effects: this.effects,
      nodes: this.nodes,
      save: () => this.store.save(command),
      log: this.log,
    });
    this.running.set(command.id, run);
    const finished = run.finish().finally(() => this.running.delete(command.id));
    return { command, finished };
  }

  get(id: string): CommandRecord | undefined {
    return this.store.records.get(id);
  }

  list(): CommandRecord[] {
    return [...this.store.records.values()].sort((a, b) => b.requestedTime - a.requestedTime);
  }

  cancel(id: string): void {
    const command = this.get(id);
    if (!command) throw new AwsError('InvalidCommandId', `command ${id} does not exist`);
    if (isFinal(command.status)) return;
    setStatus(command, 'Cancelling');
    this.store.save(command);
    this.running.get(id)?.cancel();
  }

  /** Commands that a former gateway left unfinished: nobody follows them any more. */
  async abandonUnfinished(): Promise<void> {
    const unfinished = this.list().filter((command) => !isFinal(command.status));
    for (const command of unfinished) {
      for (const invocation of Object.values(command.invocations)) {
        if (isFinal(invocation.status)) continue;
        const node = this.nodes.list().find(({ id }) => id === invocation.instanceId);
        for (const step of invocation.steps.filter(({ status }) => status === 'InProgress')) {
          if (node) await this.effects.stopStep(node.container, stepDirectory(command, invocation, step.name));
          setStatus(step, 'Failed');
          step.stderr += '\nthe lab was restarted while this step ran; it has been stopped';
        }
        setStatus(invocation, 'Failed');
      }
      setStatus(command, 'Failed');
      this.store.save(command);
      this.log(command.id, `${command.documentName} was running when the gateway ended: marked as failed`);
    }
  }
}

const newInvocation = (
  instanceId: string,
  instanceName: string,
  requestedTime: number,
  steps: readonly PlannedStep[],
): InvocationRecord => ({
  instanceId,
  instanceName,
  requestedTime,
  status: 'Pending',
  statusDetails: 'Pending',
  steps: steps.map(({ name }) => ({
    name,
    status: 'Pending',
    statusDetails: 'Pending',
    responseCode: -1,
    stdout: '',
    stderr: '',
  })),
});

function deliveryTimeout(seconds: number | undefined): number {
  if (seconds === undefined) return DEFAULT_DELIVERY_SECONDS;
  if (seconds >= 30 && seconds <= 2_592_000) return seconds;
  throw new AwsError('ValidationException', `TimeoutSeconds is ${seconds}, expected 30 to 2592000`);
}

function logGroupName({ CloudWatchOutputConfig: config }: CommandInput, documentName: string): string | undefined {
  if (!config?.CloudWatchOutputEnabled) return undefined;
  return config.CloudWatchLogGroupName || `/aws/ssm/${documentName}`;
}
