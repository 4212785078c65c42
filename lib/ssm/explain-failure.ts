import { visibleLines } from '../safe-text';
import type { CommandState, Invocation } from './types';

/**
 * CloudFormation refuses an answer of a custom resource of more than 4,096 bytes (User Guide, "Custom resource response
 * objects"). It is JSON, in which a line break counts two bytes, and ids, keys and the framework's log group take up to
 * a kilobyte of it. The rest is the failure's.
 */
export const FAILURE_TEXT_LIMIT_BYTES = 3072;
const TRUNCATION_MARK = '…';
/** Further failed instances that are named, so that they never crowd out the reason. */
const OTHERS_NAMED = 4;
/** One line of a log must not take the place of what the other services say. */
const LINE_LIMIT_BYTES = 300;
/** Where a reason begins: documents end in `error: …`, and stack-deploy tells of services, nodes and networks before. */
const FIRST_OF_REASON = /^(error:|service |node |network )/;
/** What a document's `log` writes: how far it got. */
const PROGRESS = /^\d\d:\d\d:\d\d /;
/** Of a reason that is too long, the share of its beginning: the root cause comes first. */
const HEAD_SHARE = 0.7;

/** Size of a text as it travels, in JSON. */
export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text), 'utf8') - 2;

/** The beginning of a line, in at most so many bytes of JSON, whole characters only. */
function shortLine(line: string, limitBytes: number): string {
  if (jsonBytes(line) <= limitBytes) return line;
  const room = limitBytes - jsonBytes(TRUNCATION_MARK);
  let kept = '';
  let used = 0;
  for (const character of line) {
    used += jsonBytes(character);
    if (used > room) break;
    kept += character;
  }
  return `${kept}${TRUNCATION_MARK}`;
}

/** As many lines from the front as fit. */
function fitting(lines: readonly string[], limitBytes: number): string[] {
  let used = 0;
  const end = lines.findIndex((line) => (used += jsonBytes(`${line}\n`)) > limitBytes);
  return end < 0 ? [...lines] : lines.slice(0, end);
}

/**
 * What matters of an output, in at most so many bytes of JSON: all of it but the progress before the reason; or from the
 * first line of the reason on, its beginning and its end.
 */
export function excerpt(output: string, limitBytes: number): string {
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) => shortLine(line, Math.min(LINE_LIMIT_BYTES, limitBytes)));
  const first = lines.findIndex((line) => FIRST_OF_REASON.test(line));
  // What other programs say before it is part of the reason.
  const whole = lines.filter((line, index) => index >= first || !PROGRESS.test(line)).join('\n');
  if (jsonBytes(whole) <= limitBytes) return whole;
  const reason = first < 0 ? lines : lines.slice(first);
  if (first >= 0 && jsonBytes(reason.join('\n')) <= limitBytes) return reason.join('\n');
  const room = limitBytes - jsonBytes(`${TRUNCATION_MARK}\n`);
  // Without a reason that is marked, the last lines say most.
  const head = first < 0 ? [] : fitting(reason, room * HEAD_SHARE);
  const used = head.reduce((sum, line) => sum + jsonBytes(`${line}\n`), 0);
  const end = fitting(reason.slice(head.length).reverse(), room - used).reverse();
  return [...head, TRUNCATION_MARK, ...end].join('\n');
}

/** What failed, where, why, and the exact command that shows the rest, in at most `FAILURE_TEXT_LIMIT_BYTES` of JSON. */
export function explainFailure(state: CommandState, region: string): string {
  const failed = state.invocations.filter((one) => one.status !== 'Success');
  const told = failed[0];
  if (!told) {
    return (
      `document ${state.documentName} ended as ${state.status} without running on any instance ` +
      `(command ${state.commandId})\nsee: aws ssm list-commands --command-id ${state.commandId} --region ${region}`
    );
  }
  const head = `document ${state.documentName} failed on ${describe(told)}, command ${state.commandId}`;
  const others = failed.slice(1, 1 + OTHERS_NAMED).map((one) => `also failed on ${describe(one)}`);
  if (failed.length > 1 + OTHERS_NAMED) others.push(`and on ${failed.length - 1 - OTHERS_NAMED} more instance(s)`);
  const see =
    `see: aws ssm get-command-invocation --command-id ${state.commandId} ` +
    `--instance-id ${told.instanceId} --region ${region}`;
  const frame = [head, ...others, see].join('\n');
  const output = told.stderr.trim() ? told.stderr : told.stdout;
  const room = FAILURE_TEXT_LIMIT_BYTES - jsonBytes(`${frame}\n`);
  const reason = room > 0 ? excerpt(visibleLines(output), room) : '';
  return [head, reason || '(it printed nothing)', ...others, see].join('\n');
}

const describe = (one: Invocation): string => {
  const name = one.instanceName ? `${one.instanceName} (${one.instanceId})` : one.instanceId;
  // The agent takes every 137 for a time-out: also one for want of memory, or after `kill -9`.
  const killed = one.exitCode === 137 ? ' (killed: its time was over, or the node had no memory left)' : '';
  return `instance ${name}: ${one.status}, exit code ${one.exitCode}${killed}`;
};
