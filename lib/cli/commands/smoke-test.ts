import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import { isLabsOwn, type Context } from '../context';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { parseSmokeSteps, SMOKE_STEPS, smokePassed, smokeRows, type SmokeStep } from '../smoke-report';
import { assertDeployed, connect, runOnManager } from '../systems-manager';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

const DEFAULT_TIMEOUT_SECONDS = 300;
export const SMOKE_TEST_FAILED = 'the smoke test did not run';

export interface SmokeReport {
  readonly passed: boolean;
  readonly steps: readonly SmokeStep[];
  /** Why the document failed; empty when it did not. */
  readonly reason: string;
}

/** Runs the document smoke-test. @throws CliError when not even its first step was run */
export async function runSmokeTest(context: Context): Promise<SmokeReport> {
  const connection = await connect(context);
  await assertDeployed(context, connection, 'smoke-test', SMOKE_TEST_FAILED);
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const state = await runOnManager(context, connection, 'smoke-test', 'smoke test on a manager', timeoutSeconds);
  const steps = parseSmokeSteps(state.invocations[0]?.stdout ?? '');
  const reason = state.succeeded ? '' : explainFailure(state, connection.region);
  if (steps.length === 0) {
    const next = ['./bin/metals status', isLabsOwn(context) ? 'npm run lab' : './bin/metals deploy'];
    throw new CliError(SMOKE_TEST_FAILED, reason || 'the document smoke-test printed no step', next, 'document-failed');
  }
  return { passed: state.succeeded && smokePassed(steps), steps, reason };
}

/** The table on stdout, the verdict and its reason on stderr. */
export function showSmokeReport({ terminal, given }: Context, { passed, steps, reason }: SmokeReport): void {
  terminal.data(drawTable(smokeRows(steps), terminal.colors));
  const ok = steps.filter((step) => step.ok).length;
  terminal.note(`${passed ? 'passed' : 'FAILED'}: ${ok} of ${SMOKE_STEPS} steps ok`);
  if (reason) terminal.note(reason);
  if (!passed) terminal.note(completeCommands('next: ./bin/metals status', given));
}

/** `metals smoke-test`: seven steps, each with its measured value; exit code 3 when one fails. */
export async function smokeTest(context: Context): Promise<number> {
  const report = await runSmokeTest(context);
  if (context.terminal.json) context.terminal.value({ stage: context.stage, ...report });
  else showSmokeReport(context, report);
  return report.passed ? EXIT.ok : EXIT.unhealthy;
}

export const verb: Verb = { failure: SMOKE_TEST_FAILED, run: smokeTest };
