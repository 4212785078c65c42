/**
 * Stacks whose deployment ended with ministack's process: it restores them as IN_PROGRESS for ever, and CloudFormation
 * would refuse, and the CDK wait for, every later deployment. Before ministack starts they get the status of an
 * operation that came to nothing, which `cdk deploy` knows how to go on from.
 */
import fs from 'node:fs';
import path from 'node:path';

interface SavedStack {
  StackName: string;
  StackStatus: string;
  StackStatusReason?: string;
  /** The template as ministack last completed it. */
  _template?: unknown;
  /** What GetTemplate answers. */
  _template_body?: string;
}

const REASON = 'The lab was stopped while this operation ran; deploy again';

/** What an unfinished operation becomes; undefined for a status that may stay. */
export function settledStatus(status: string): string | undefined {
  if (!status.endsWith('_IN_PROGRESS') || status === 'REVIEW_IN_PROGRESS') return undefined;
  if (status.startsWith('DELETE')) return 'DELETE_FAILED';
  // `cdk deploy` deletes a stack of this status first, with whatever it had created.
  if (status.startsWith('CREATE') || status.startsWith('ROLLBACK')) return 'ROLLBACK_COMPLETE';
  return 'UPDATE_ROLLBACK_COMPLETE';
}

/** Settles the stacks in ministack's saved state, in place; answers their names. */
export function settleInterruptedStacks(stacks: Readonly<Record<string, SavedStack>>): string[] {
  const settled: string[] = [];
  for (const stack of Object.values(stacks)) {
    const status = settledStatus(stack.StackStatus);
    if (!status) continue;
    stack.StackStatus = status;
    stack.StackStatusReason = REASON;
    // GetTemplate would answer the new template, and the next deployment would find nothing to do.
    if (status === 'UPDATE_ROLLBACK_COMPLETE') stack._template_body = JSON.stringify(stack._template ?? {});
    settled.push(stack.StackName);
  }
  return settled;
}

/** Does so in the file that ministack reads at its start, where there is one. */
export function settleSavedStacks(ministackStateDirectory: string): string[] {
  const file = path.join(ministackStateDirectory, 'cloudformation.json');
  if (!fs.existsSync(file)) return [];
  const saved = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    payload?: { stacks?: { data?: Record<string, SavedStack> } };
  };
  const settled = settleInterruptedStacks(saved.payload?.stacks?.data ?? {});
  if (settled.length === 0) return [];
  fs.writeFileSync(`${file}.new`, JSON.stringify(saved));
  fs.renameSync(`${file}.new`, file);
  return settled;
}
