/** Pure: what is deployed for a defect, what brings the lab back, and what to type where that fails. */
import { cloudFormationStackName, type StackId, STACKS } from '../../../lib/contract';
import { LabError } from '../../../lib/lab/lab-error';
import type { LabStatus } from '../../../lib/lab/status';
import type { LabDefect } from './defects';

export const LAB_STAGE = 'lab';
const OPTIONS = ['--exclusively', '--require-approval', 'never', '--progress', 'events'];

/** Arguments of `cdk` that deploy these stacks alone. */
export const deployArguments = (stacks: readonly StackId[]): string[] => [
  'deploy',
  ...STACKS.filter((stack) => stacks.includes(stack)).map((stack) => cloudFormationStackName(LAB_STAGE, stack)),
  ...OPTIONS,
];

/** What the defect may have changed, in the order of deployment. */
export const stacksToRestore = ({ deploy, redeploy }: LabDefect): StackId[] =>
  STACKS.filter((stack) => deploy.includes(stack) || redeploy.includes(stack));

/** Undefined, or why nothing can be planted in this lab, and what to do first. */
export function labProblem({
  state,
  reason,
  next,
}: Pick<LabStatus, 'state' | 'reason' | 'next'>): LabError | undefined {
  if (state === 'up') return undefined;
  return new LabError(state === 'down' ? 'no lab is up' : `the lab is half up: ${reason}`, next);
}

/** Stages that a test has made beside the lab's own, and that are still there. */
export function leftStages(stackNames: readonly string[]): string[] {
  const stages = stackNames.flatMap((name) => /^metals-(.+)-(network|data|swarm|pipeline)$/.exec(name)?.[1] ?? []);
  return [...new Set(stages)].filter((stage) => stage !== LAB_STAGE);
}

export const RECOVERY = [
  '. .lab/env && npx cdk deploy --all --require-approval never && ./bin/metals smoke-test',
  'npm run lab:down && npm run lab    # from nothing, where that fails too',
];

/** After it nothing more is planted: what would be caught then would be the defect before. */
export const restoreFailure = (id: string, reason: string): LabError =>
  new LabError(`the lab could not be brought back after ${id}: ${reason}`, RECOVERY);

/** For somebody who has pressed Ctrl-C. */
export const interruptedText = (id: string): string =>
  [`test:strict: interrupted; the lab may hold the defect ${id}. Bring it back:`, ...RECOVERY].join('\n  ');
