import type { CommandState, Invocation } from './types';

/**
 * CloudFormation cuts a custom resource's reason at 4096 bytes and the Provider framework adds text of its own,
 * so a failure is told in half of that.
 */
export const FAILURE_TEXT_LIMIT_BYTES = 2048;
const TRUNCATION_MARK = '…';
/** Further failed instances that are named, so that they never crowd out the reason. */
const OTHERS_NAMED = 4;

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** The end of a text, in at most so many bytes, starting at a line's start where one fits. */
export function tail(text: string, limitBytes: number): string {
  const trimmed = text.trimEnd();
  if (bytes(trimmed) <= limitBytes) return trimmed;
  const room = Math.max(0, limitBytes - bytes(TRUNCATION_MARK) - 1);
  const buffer = Buffer.from(trimmed, 'utf8');
  let start = buffer.length - room;
  // Never begin inside a UTF-8 sequence: continuation bytes are 10xxxxxx.
  while (start < buffer.length && (buffer[start]! & 0xc0) === 0x80) start += 1;
  const end = buffer.subarray(start).toString('utf8');
  const lineBreak = end.indexOf('\n');
  const fromLineStart = lineBreak >= 0 && lineBreak < end.length / 2 ? end.slice(lineBreak + 1) : end;
  return `${TRUNCATION_MARK}\n${fromLineStart}`;
}

/** What failed, where, the last lines of stderr and the exact command that shows the rest, in at most 2 KB. */
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
  const room = FAILURE_TEXT_LIMIT_BYTES - bytes(frame) - 2;
  const reason = room > 0 ? tail(output, room) : '';
  return [head, reason || '(it printed nothing)', ...others, see].join('\n');
}

const describe = (one: Invocation): string => {
  const name = one.instanceName ? `${one.instanceName} (${one.instanceId})` : one.instanceId;
  return `instance ${name}: ${one.status}, exit code ${one.exitCode}`;
};
