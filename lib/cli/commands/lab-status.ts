import { EXIT } from '../../contract';
import { labStatus as readLabStatus, type LabStatus } from '../../lab/status';
import type { Context } from '../context';
import { completeCommands, type Given } from '../next-command';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const LAB_STATUS_FAILED = 'the status of the lab could not be read';

/** Pure: what stands in for what, and what holds of the nodes' size. Shown after `lab up` as well. */
export function describeLab(status: LabStatus, { command }: Pick<Given, 'command'>): string[] {
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length ? ['', title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    ...list(
      'stand-ins',
      status.standIns.map((standIn) => `${standIn.of}: ${standIn.is}`),
    ),
    ...list('enforced on each node', status.enforced),
    ...list('not enforced on the nodes', status.notEnforced),
    ...(status.urls
      ? list('URLs', [
          `producer   ${status.urls.producer}/health   POST ${status.urls.producer}/produce`,
          `processor  ${status.urls.processor}/health`,
        ])
      : []),
    ...list(
      'next',
      status.next.map((line) => completeCommands(line, { command })),
    ),
  ];
}

/** `metals lab status`: exit code 0 only when it is up; asks Docker alone, so it needs no credentials. */
export async function labStatus(context: Context): Promise<number> {
  const { terminal } = context;
  const status = await readLabStatus(context.interrupted);
  if (terminal.json) terminal.value(status);
  else {
    const where = status.endpoint ? `, AWS is answered at ${status.endpoint}` : '';
    terminal.data(`the lab is ${status.state}${status.reason ? `: ${status.reason}` : ''}${where}`);
    if (status.nodes.length) {
      const rows = status.nodes.map((node) => ['node', node.slot, node.state, node.address, node.instanceId]);
      terminal.data(drawTable([['', 'slot', 'state', 'address', 'instance'], ...rows], terminal.colors));
    }
    terminal.data(describeLab(status, context.given).join('\n').trimStart());
  }
  return status.state === 'up' ? EXIT.ok : EXIT.unhealthy;
}

export const verb: Verb = { failure: LAB_STATUS_FAILED, run: labStatus };
