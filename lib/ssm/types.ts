/** What a Run Command is asked to do, and what is known about it afterwards. */

/** One condition on managed nodes, e.g. `{ key: 'tag:metals:slot', values: ['manager-1'] }`; all conditions must match. */
export interface Target {
  readonly key: string;
  readonly values: readonly string[];
}

export interface CommandRequest {
  readonly documentName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly targets: readonly Target[];
  /** How many instances must match; fewer or more is an error before anything runs. */
  readonly expectedInstanceCount: number;
  /** For everything together: waiting for the instances, sending, running. */
  readonly timeoutSeconds: number;
  readonly comment: string;
  /** For somebody who waits: when it is first looked at again. @default 500 */
  readonly firstPauseMs?: number;
  /** CloudWatch log group for the full output. @default - the output is kept by Systems Manager alone, truncated */
  readonly logGroupName?: string;
}

export interface Invocation {
  readonly instanceId: string;
  readonly instanceName: string;
  readonly status: string;
  /** -1 as long as nothing has run. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandState {
  readonly commandId: string;
  readonly documentName: string;
  readonly status: string;
  readonly done: boolean;
  readonly succeeded: boolean;
  /** With outputs only once `done`. */
  readonly invocations: readonly Invocation[];
}

/** Reported while something is waited for. */
export interface CommandProgress {
  /** Missing until the command is sent. */
  readonly commandId?: string;
  readonly reason: string;
  readonly elapsedSeconds: number;
  readonly remainingSeconds: number;
}
