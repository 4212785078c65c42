/** Run Command: sends documents to nodes, follows and cancels them. */
import { LAB_REGION } from '../../../contract';
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import type { Store } from '../store';
import {
  absoluteLimit,
  commandStatus,
  forgetOldCommands,
  invocationStatus,
  isFinal,
  type CommandRecord,
  type CommandsData,
  type CommandStatus,
  type InvocationRecord,
} from './command-records';
import type { Documents } from './documents';
import { checkParameters, environmentOf } from './parameters';
import { judgeStep, planSteps, type PlannedStep, type StepOutcome } from './steps';
import { resolveTargets, type ManagedNodes, type TargetInput } from './targets';

/** What GetCommandInvocation can answer at most; the rest goes to CloudWatch Logs where the caller asked for it. */
export const MAX_STDOUT_CHARACTERS = 24_000;
export const MAX_STDERR_CHARACTERS = 8_000;
const DEFAULT_DELIVERY_SECONDS = 3600;

export interface StepRun {
  readonly container: string;
  /** Where the agent keeps the script, inside the node. */
  readonly directory: string;
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string | undefined;
  readonly timeoutSeconds: number;
  readonly cancelled: AbortSignal;
}

/** Effects on nodes and logs, which tests replace. */
export interface CommandEffects {
  runStep(run: StepRun): Promise<StepOutcome>;
  /** Ends what a step has started and may have left running. */
  stopStep(container: string, directory: string): Promise<void>;
  ship(logGroupName: string, streamPrefix: string, outcome: StepOutcome): Promise<void>;
}

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
  private readonly running = new Map<string, AbortController>();

  constructor(
    private readonly store: Store<CommandsData>,
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
    const nodes = this.nodes.list();
    const ids = resolveTargets(nodes, input.InstanceIds ?? [], input.Targets ?? []);
    const now = Date.now() / 1000;
    const steps = planSteps(content, values);
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
      deliveryTimeoutSeconds: deliveryTimeout(input.TimeoutSeconds),
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
    this.store.update((data) => {
      forgetOldCommands(data);
      data.commands[command.id] = command;
    });
    const finished = this.execute(command, steps, environmentOf(content, values));
    return { command, finished };
  }

  get(id: string): CommandRecord | undefined {
    return this.store.data.commands[id];
  }

  list(): CommandRecord[] {
    return Object.values(this.store.data.commands).sort((a, b) => b.requestedTime - a.requestedTime);
  }

  cancel(id: string): void {
    const command = this.get(id);
    if (!command) throw new AwsError('InvalidCommandId', `command ${id} does not exist`);
    if (isFinal(command.status)) return;
    this.store.update(() => setStatus(command, 'Cancelling'));
    this.running.get(id)?.abort();
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
      this.log(command.id, `${command.documentName} was running when the gateway ended: marked as failed`);
    }
    if (unfinished.length > 0) this.store.save();
  }

  private async execute(command: CommandRecord, steps: readonly PlannedStep[], environment: Record<string, string>) {
    const controller = new AbortController();
    this.running.set(command.id, controller);
    const waiting = Object.values(command.invocations);
    const width = Math.max(1, absoluteLimit(command.maxConcurrency, waiting.length));
    const maxErrors = absoluteLimit(command.maxErrors, waiting.length);
    let errors = 0;
    setStatus(
      command,
      waiting.length > 0 ? 'InProgress' : 'Success',
      waiting.length > 0 ? undefined : 'NoInstancesInTag',
    );
    this.store.save();
    const worker = async (): Promise<void> => {
      for (let invocation = waiting.shift(); invocation; invocation = waiting.shift()) {
        if (controller.signal.aborted) setStatus(invocation, 'Cancelled');
        else if (errors > maxErrors) setStatus(invocation, 'Cancelled', 'Terminated');
        else await this.invoke(command, invocation, steps, environment, controller.signal);
        if (invocation.status !== 'Success') errors += 1;
        this.store.save();
      }
    };
    await Promise.all(Array.from({ length: Math.min(width, waiting.length) }, worker));
    this.running.delete(command.id);
    const invocations = Object.values(command.invocations);
    const status = command.status === 'Cancelling' ? 'Cancelled' : commandStatus(invocations);
    this.store.update(() => setStatus(command, status, invocations.length === 0 ? 'NoInstancesInTag' : undefined));
    const results = invocations.map((each) => `${each.instanceId} ${each.statusDetails}`).join(', ');
    this.log(command.id, `${command.documentName}: ${command.statusDetails} (${results})`);
  }

  private async invoke(
    command: CommandRecord,
    invocation: InvocationRecord,
    steps: readonly PlannedStep[],
    environment: Record<string, string>,
    cancelled: AbortSignal,
  ): Promise<void> {
    const container = await this.deliver(command, invocation, cancelled);
    if (!container) return;
    setStatus(invocation, 'InProgress');
    this.store.save();
    const agentEnvironment = { AWS_SSM_INSTANCE_ID: invocation.instanceId, AWS_SSM_REGION_NAME: LAB_REGION };
    let stopped = false;
    for (const [index, step] of steps.entries()) {
      const record = invocation.steps[index]!;
      if (step.skipped || (stopped && (!step.finallyStep || cancelled.aborted))) {
        setStatus(record, cancelled.aborted ? 'Cancelled' : 'Success');
        Object.assign(record, { responseCode: 0, stdout: 'Step execution skipped.' });
        continue;
      }
      setStatus(record, 'InProgress');
      record.startedTime = Date.now() / 1000;
      this.store.save();
      const outcome = await this.runStep({
        container,
        directory: stepDirectory(command, invocation, step.name),
        script: step.script,
        environment: { ...environment, ...agentEnvironment },
        workingDirectory: step.workingDirectory,
        timeoutSeconds: step.timeoutSeconds,
        cancelled,
      });
      const verdict = judgeStep(step, outcome);
      const stderr = verdict.note ? `${outcome.stderr}${verdict.note}\n` : outcome.stderr;
      setStatus(record, verdict.status);
      Object.assign(record, {
        responseCode: outcome.exitCode,
        stdout: clip(outcome.stdout, MAX_STDOUT_CHARACTERS),
        stderr: clip(stderr, MAX_STDERR_CHARACTERS),
        finishedTime: Date.now() / 1000,
      });
      if (command.logGroupName) {
        await this.ship(command.logGroupName, `${command.id}/${invocation.instanceId}/${step.name}`, {
          ...outcome,
          stderr,
        });
      }
      stopped ||= verdict.stop;
    }
    setStatus(invocation, invocationStatus(invocation.steps));
  }

  /** The node's container once its agent is there; undefined when the command ended before. */
  private async deliver(command: CommandRecord, invocation: InvocationRecord, cancelled: AbortSignal) {
    const deadline = Date.now() + command.deliveryTimeoutSeconds * 1000;
    for (;;) {
      const node = this.nodes.list().find(({ id }) => id === invocation.instanceId);
      if (cancelled.aborted) setStatus(invocation, 'Cancelled');
      else if (!node) setStatus(invocation, 'TimedOut', 'Undeliverable');
      else if (node.online) return node.container;
      else if (Date.now() > deadline) setStatus(invocation, 'TimedOut', 'DeliveryTimedOut');
      if (isFinal(invocation.status)) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  private async runStep(run: StepRun): Promise<StepOutcome> {
    try {
      return await this.effects.runStep(run);
    } catch (error) {
      return { exitCode: 1, stdout: '', stderr: `the step could not be run: ${errorText(error)}\n`, ended: 'exited' };
    }
  }

  /** A log that cannot be written does not fail the command, on AWS neither. */
  private async ship(logGroup: string, streamPrefix: string, outcome: StepOutcome): Promise<void> {
    try {
      await this.effects.ship(logGroup, streamPrefix, outcome);
    } catch (error) {
      this.log(logGroup, `cannot write the output of ${streamPrefix}: ${errorText(error)}`);
    }
  }
}

const STATUS_DETAILS: Partial<Record<CommandStatus, string>> = { TimedOut: 'ExecutionTimedOut' };

function setStatus(
  record: { status: CommandStatus; statusDetails: string },
  status: CommandStatus,
  details: string = STATUS_DETAILS[status] ?? status,
): void {
  record.status = status;
  record.statusDetails = details;
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

/** Where the agent, too, keeps a step's script and output. */
const stepDirectory = (command: CommandRecord, invocation: InvocationRecord, step: string): string =>
  `/var/lib/amazon/ssm/${invocation.instanceId}/document/orchestration/${command.id}/${step}`;

const TRUNCATED = '\n---Output truncated---';

export const clip = (text: string, limit: number): string =>
  text.length <= limit ? text : text.slice(0, limit - TRUNCATED.length) + TRUNCATED;

function deliveryTimeout(seconds: number | undefined): number {
  if (seconds === undefined) return DEFAULT_DELIVERY_SECONDS;
  if (seconds >= 30 && seconds <= 2_592_000) return seconds;
  throw new AwsError('ValidationException', `TimeoutSeconds is ${seconds}, expected 30 to 2592000`);
}

function logGroupName({ CloudWatchOutputConfig: config }: CommandInput, documentName: string): string | undefined {
  if (!config?.CloudWatchOutputEnabled) return undefined;
  return config.CloudWatchLogGroupName || `/aws/ssm/${documentName}`;
}
