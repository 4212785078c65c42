/** Signals of instances to resources that wait for them (CreationPolicy, WaitOnResourceSignals). */
import { AwsError } from '../errors';
import { stackNameOf } from './progress';

export type SignalStatus = 'SUCCESS' | 'FAILURE';

interface Received {
  readonly uniqueId: string;
  readonly status: SignalStatus;
  readonly timeMs: number;
}

/** What a resource waits for. */
export interface SignalWait {
  readonly stackName: string;
  readonly logicalId: string;
  readonly count: number;
  readonly timeoutMs: number;
  /** Signals from before do not count. */
  readonly sinceMs: number;
}

const LOOK_MILLISECONDS = 200;
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** ISO 8601 as CloudFormation takes it, such as PT15M, in milliseconds. @throws AwsError */
export function durationMs(text: string): number {
  const parts = DURATION.exec(text);
  if (!parts || text.endsWith('T') || text === 'P')
    throw new AwsError('ValidationError', `'${text}' is not an ISO 8601 duration such as PT15M`);
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000;
}

export class Signals {
  private readonly received = new Map<string, Received[]>();

  constructor(private readonly now: () => number = Date.now) {}

  /** SignalResource: a stack's name or id, and a resource of it. */
  receive(stack: string, logicalId: string, uniqueId: string, status: SignalStatus): void {
    const key = keyOf(stack, logicalId);
    this.received.set(key, [...(this.received.get(key) ?? []), { uniqueId, status, timeMs: this.now() }]);
  }

  /** Resolves with enough successes; rejects at the first failure, or when the time is over. */
  async wait(wanted: SignalWait): Promise<void> {
    const deadline = wanted.sinceMs + wanted.timeoutMs;
    for (;;) {
      const { failed, succeeded } = this.count(wanted);
      if (failed > 0)
        throw new Error(
          `Received ${failed} FAILURE signal(s) out of ${wanted.count}. ` +
            'Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
        );
      if (succeeded >= wanted.count) return;
      if (this.now() >= deadline)
        throw new Error(
          `Failed to receive ${wanted.count - succeeded} resource signal(s) within the specified duration`,
        );
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    }
  }

  private count({ stackName, logicalId, sinceMs }: SignalWait): { failed: number; succeeded: number } {
    const signals = (this.received.get(keyOf(stackName, logicalId)) ?? []).filter(({ timeMs }) => timeMs >= sinceMs);
    // An instance that signals twice counts once; a failure counts whatever it says later.
    const idsWith = (status: SignalStatus): Set<string> =>
      new Set(signals.filter((signal) => signal.status === status).map(({ uniqueId }) => uniqueId));
    return { failed: idsWith('FAILURE').size, succeeded: idsWith('SUCCESS').size };
  }
}

const keyOf = (stack: string, logicalId: string): string => `${stackNameOf(stack)}/${logicalId}`;
