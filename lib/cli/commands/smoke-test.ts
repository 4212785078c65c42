import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { CliError } from '../errors';
import { parseSmokeSteps, SMOKE_STEPS, smokePassed, smokeRows } from '../smoke-report';
import { assertDeployed, connect, runOnManager } from '../systems-manager';
import { drawTable } from '../table';

const DEFAULT_TIMEOUT_SECONDS = 300;
export const SMOKE_TEST_FAILED = 'the smoke test did not run';

/** `metals smoke-test`: seven steps, each with its measured value; exit code 3 when one fails. */
export async function smokeTest(context: Context): Promise<number> {
  const { terminal } = context;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'smoke-test', SMOKE_TEST_FAILED);
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const state = await runOnManager(context, connection, 'smoke-test', 'smoke test on manager-1', timeoutSeconds);
  const steps = parseSmokeSteps(state.invocations[0]?.stdout ?? '');
  if (steps.length === 0) {
    const next = ['npm run metals -- status', context.isLab ? 'npm run lab' : 'npm run metals -- deploy'];
    throw new CliError(SMOKE_TEST_FAILED, explainFailure(state, connection.region), next);
  }
  const passed = state.succeeded && smokePassed(steps);
  if (terminal.json) terminal.value({ stage: context.stage, passed, steps });
  else terminal.data(drawTable(smokeRows(steps), terminal.colors));
  const ok = steps.filter((step) => step.ok).length;
  terminal.note(`${passed ? 'passed' : 'FAILED'}: ${ok} of ${SMOKE_STEPS} steps ok`);
  if (!passed) {
    if (!state.succeeded) terminal.note(explainFailure(state, connection.region));
    terminal.note('next: npm run metals -- status');
  }
  return passed ? EXIT.ok : EXIT.unhealthy;
}
