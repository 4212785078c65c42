/** What each node says of itself. */
import type { CommandState } from '../../ssm';
import { askNodes } from '../ask-nodes';
import type { Context } from '../context';
import type { Connection } from '../systems-manager';
import { nodeEvidence, type NodeEvidence } from './evidence';

/** Of the time, for the last look. */
const READ_SECONDS = 3;

export interface NodeAnswers {
  readonly nodes: readonly NodeEvidence[];
  /** Instances that did not answer, or not what was agreed on, with the reason. */
  readonly silent: readonly { readonly instanceId: string; readonly why: string }[];
}

export async function examineNodes(
  { stage }: Pick<Context, 'stage'>,
  { ssm }: Connection,
  instanceIds: readonly string[],
  seconds: number,
): Promise<NodeAnswers> {
  if (instanceIds.length === 0) return { nodes: [], silent: [] };
  // What has been said by then is read after it.
  const inTime = Math.max(1, seconds - READ_SECONDS);
  const state = await askNodes(ssm, { stage, document: 'node-evidence', instanceIds, seconds: inTime });
  return readAnswers(state, seconds - READ_SECONDS);
}

/** Pure: what the nodes have said. */
export function readAnswers({ invocations, commandId }: CommandState, seconds: number): NodeAnswers {
  const nodes: NodeEvidence[] = [];
  const silent: { instanceId: string; why: string }[] = [];
  for (const { instanceId, status, stdout, stderr } of invocations) {
    const answer = parse(stdout);
    if (answer !== undefined) nodes.push(answer);
    else if (status === 'Success')
      silent.push({ instanceId, why: `node-evidence answered ${JSON.stringify(stdout.slice(0, 100))}` });
    else {
      // The agent's own last words say nothing but that it has failed.
      const lines = stderr.trim().split('\n');
      const why = lines.findLast((line) => line.startsWith('error: ')) ?? lines.at(-1)!;
      silent.push({ instanceId, why: why || `${status} after ${seconds} s: command ${commandId} on ${instanceId}` });
    }
  }
  return { nodes, silent };
}

function parse(stdout: string): NodeEvidence | undefined {
  try {
    return nodeEvidence.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}
