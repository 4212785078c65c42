/** One command on its way: on several nodes at once, on each its steps in order. */
import { LAB_REGION } from '../../../contract';
import { errorText, type Log } from '../log';
import {
  absoluteLimit,
  commandStatus,
  invocationStatus,
  isFinal,
  setStatus,
  stepDirectory,
  type CommandRecord,
  type InvocationRecord,
  type StepRecord,
} from './command-records';
import { PLATFORM_NAME, PLATFORM_VERSION } from './managed-nodes';
import { keptStderr, truncateAsAgent } from './step-output';
import { concludeStep, runsAfterStop, streamedStderr, type PlannedStep, type StepOutcome } from './steps';
import type { ManagedNodes } from './targets';

const DELIVERY_LOOK_MILLISECONDS = 500;

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

/** A document with the values of its parameters. */
export interface PlannedDocument {
  readonly steps: readonly PlannedStep[];
  readonly environment: Readonly<Record<string, string>>;
  /** Why the agent does not begin it. */
  readonly refusal: string | undefined;
}

export interface CommandRunDependencies {
  readonly effects: CommandEffects;
  readonly nodes: ManagedNodes;
  readonly save: () => void;
  readonly log: Log;
}

export class CommandRun {
  private readonly controller = new AbortController();
  private errors = 0;

  constructor(
    private readonly command: CommandRecord,
    private readonly document: PlannedDocument,
    private readonly dependencies: CommandRunDependencies,
  ) {}

  cancel(): void {
    this.controller.abort();
  }

  /** Resolves when the command is over; never rejects. */
  async finish(): Promise<void> {
    const { command } = this;
    const invocations = Object.values(command.invocations);
    const waiting = [...invocations];
    const width = Math.max(1, absoluteLimit(command.maxConcurrency, invocations.length));
    const maxErrors = absoluteLimit(command.maxErrors, invocations.length);
    if (invocations.length === 0) setStatus(command, 'Success', 'NoInstancesInTag');
    else setStatus(command, 'InProgress');
    this.dependencies.save();
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.attempt(next, maxErrors);
    };
    await Promise.all(Array.from({ length: Math.min(width, invocations.length) }, worker));
    if (invocations.length > 0) {
      setStatus(command, this.cancelled ? 'Cancelled' : commandStatus(invocations));
      this.dependencies.save();
    }
    const results = invocations.map((each) => `${each.instanceId} ${each.statusDetails}`).join(', ');
    this.dependencies.log(command.id, `${command.documentName}: ${command.statusDetails} (${results})`);
  }

  private get cancelled(): boolean {
    return this.controller.signal.aborted;
  }

  private async attempt(invocation: InvocationRecord, maxErrors: number): Promise<void> {
    if (this.cancelled) setStatus(invocation, 'Cancelled');
    else if (this.errors > maxErrors) setStatus(invocation, 'Cancelled', 'Terminated');
    else await this.invoke(invocation);
    if (invocation.status !== 'Success') this.errors += 1;
    this.dependencies.save();
  }

  private async invoke(invocation: InvocationRecord): Promise<void> {
    const container = await this.deliver(invocation);
    if (!container) return;
    const { steps, refusal } = this.document;
    if (refusal !== undefined) {
      invocation.traceOutput = refusal;
      return setStatus(invocation, 'Failed');
    }
    setStatus(invocation, 'InProgress');
    let stopped = false;
    for (const [index, step] of steps.entries()) {
      const record = invocation.steps[index]!;
      if (step.skipped || (stopped && !runsAfterStop(steps, index))) endWithout(record, 'Skipped', 0);
      else if (this.cancelled) endWithout(record, 'Cancelled', 1);
      else stopped = (await this.runStep(invocation, container, step, record)) || stopped;
    }
    setStatus(invocation, invocationStatus(invocation.steps));
  }

  /** The node's container once its agent is there; undefined when the invocation ended before. */
  private async deliver(invocation: InvocationRecord): Promise<string | undefined> {
    for (;;) {
      const node = this.dependencies.nodes.list().find(({ id }) => id === invocation.instanceId);
      if (this.cancelled) setStatus(invocation, 'Cancelled');
      else if (!node) setStatus(invocation, 'TimedOut', 'Undeliverable');
      else if (node.online) return node.container;
      else if (Date.now() / 1000 > this.command.expiresTime) setStatus(invocation, 'TimedOut', 'DeliveryTimedOut');
      if (isFinal(invocation.status)) return undefined;
      await new Promise((resolve) => setTimeout(resolve, DELIVERY_LOOK_MILLISECONDS));
    }
  }

  /** Answers whether later steps are to be skipped. */
  private async runStep(
    invocation: InvocationRecord,
    container: string,
    step: PlannedStep,
    record: StepRecord,
  ): Promise<boolean> {
    setStatus(record, 'InProgress');
    record.startedTime = Date.now() / 1000;
    this.dependencies.save();
    const outcome = await this.tryStep({
      container,
      directory: stepDirectory(this.command, invocation, step.name),
      script: step.script,
      // As the agent sets them.
      environment: {
        ...this.document.environment,
        SSM_COMMAND_ID: this.command.id,
        AWS_SSM_INSTANCE_ID: invocation.instanceId,
        AWS_SSM_REGION_NAME: LAB_REGION,
        AWS_SSM_PLATFORM_NAME: PLATFORM_NAME,
        AWS_SSM_PLATFORM_VERSION: PLATFORM_VERSION,
      },
      workingDirectory: step.workingDirectory,
      timeoutSeconds: step.timeoutSeconds,
      cancelled: this.controller.signal,
    });
    const result = concludeStep(step, outcome);
    setStatus(record, result.status);
    record.responseCode = result.exitCode;
    record.stdout = truncateAsAgent(result.stdout);
    record.stderr = keptStderr(result.stderr);
    record.finishedTime = Date.now() / 1000;
    const streamPrefix = `${this.command.id}/${invocation.instanceId}/${step.name}`;
    await this.ship(streamPrefix, { ...outcome, stderr: streamedStderr(outcome) });
    this.dependencies.save();
    return result.stop;
  }

  private async tryStep(run: StepRun): Promise<StepOutcome> {
    try {
      return await this.dependencies.effects.runStep(run);
    } catch (error) {
      return { exitCode: 1, stdout: '', stderr: `the step could not be run: ${errorText(error)}\n`, ended: 'exited' };
    }
  }

  /** A log that cannot be written does not fail the command, on AWS neither. */
  private async ship(streamPrefix: string, outcome: StepOutcome): Promise<void> {
    const { logGroupName } = this.command;
    if (!logGroupName) return;
    try {
      await this.dependencies.effects.ship(logGroupName, streamPrefix, outcome);
    } catch (error) {
      this.dependencies.log(logGroupName, `cannot write the output of ${streamPrefix}: ${errorText(error)}`);
    }
  }
}

/** A step that does not run, and says nothing. */
function endWithout(record: StepRecord, status: 'Skipped' | 'Cancelled', responseCode: number): void {
  setStatus(record, status);
  record.responseCode = responseCode;
}
