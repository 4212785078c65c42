/** What tasks use of memory and CPU, as their nodes say. */
import { z } from 'zod';
import { TAG } from '../contract';
import type { CommandState } from '../ssm';
import { isOnline, listInstances } from '../ssm/run-command';
import { askNodes } from './ask-nodes';
import type { Context } from './context';
import type { StackStatus } from './stack-status';
import type { Connection } from './systems-manager';

const answer = z.object({
  slot: z.string().nullable(),
  tasks: z.array(
    z.object({
      service: z.string(),
      container: z.string(),
      /** Without what the kernel can drop at once. */
      memory_bytes: z.number(),
      /** Of one CPU, over a fifth of a second; null: not known. */
      cpu_percent: z.number().nullable(),
    }),
  ),
});

/** What one task uses. */
export type TaskUse = z.infer<typeof answer>['tasks'][number] & { readonly node: string | null };

/** A node may take so long, unless others have waited for it long enough. */
const SECONDS = 8;

/**
 * Of the nodes that have answered by then: it is beside the point of whoever asks.
 *
 * @param isEnough whether nobody waits any longer
 */
export async function readTaskUse(
  { stage }: Pick<Context, 'stage'>,
  { ssm }: Connection,
  isEnough: () => boolean,
): Promise<TaskUse[]> {
  const managed = await listInstances(ssm, [{ key: `tag:${TAG.stage}`, values: [stage] }]);
  const instanceIds = managed.filter(isOnline).map(({ InstanceId }) => InstanceId!);
  if (instanceIds.length === 0) return [];
  return taskUse(await askNodes(ssm, { stage, document: 'node-use', instanceIds, seconds: SECONDS, isEnough }));
}

/** Pure: what nodes have answered that can be read. */
export const taskUse = ({ invocations }: CommandState): TaskUse[] =>
  invocations.flatMap(({ stdout }) => {
    const parsed = answer.safeParse(jsonOf(stdout));
    return parsed.success ? parsed.data.tasks.map((task) => ({ ...task, node: parsed.data.slot })) : [];
  });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Pure: `uses up to 180 of 256 MiB, 12 % of a CPU`; undefined where it is not known. */
export function useOf(
  { name, memory_limit_bytes: limit }: StackStatus['services'][number],
  all: readonly TaskUse[],
): string | undefined {
  const tasks = all.filter(({ service }) => service === name);
  if (tasks.length === 0) return undefined;
  const most = mib(Math.max(...tasks.map(({ memory_bytes: bytes }) => bytes)));
  const percents = tasks.flatMap(({ cpu_percent: percent }) => percent ?? []);
  const cpu = Math.round(percents.reduce((sum, percent) => sum + percent, 0));
  return [
    `uses ${tasks.length > 1 ? 'up to ' : ''}${most}${typeof limit === 'number' ? ` of ${mib(limit)}` : ''} MiB`,
    ...(percents.length === 0 ? [] : [`${cpu} % of a CPU`]),
  ].join(', ');
}

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
