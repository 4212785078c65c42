import { EXIT } from '../../contract';
import { labDown as removeLab, type Removed } from '../../lab/down';
import { withActivity } from '../activity';
import type { Context } from '../context';

export const LAB_DOWN_FAILED = 'the lab is not wholly removed';

export interface LabDownOptions {
  readonly images?: boolean;
}

/** Pure: `3 containers, 1 network`; what there was none of is left out. */
export function describeRemoved(removed: Removed): string {
  const counted = (['containers', 'networks', 'volumes', 'images'] as const)
    .filter((kind) => removed[kind] > 0)
    .map((kind) => `${removed[kind]} ${removed[kind] === 1 ? kind.slice(0, -1) : kind}`);
  return counted.length ? `removed ${counted.join(', ')}` : 'nothing was left to remove';
}

/** `metals lab down`: removes what the lab made and nothing else; again is no failure. */
export async function labDown(context: Context, options: LabDownOptions): Promise<number> {
  const { terminal } = context;
  context.leaveBehind = ['part of the lab is still there', 'go on: npm run lab:down'];
  const removed = await withActivity(
    terminal,
    'removing the lab',
    (activity) =>
      removeLab(
        { images: options.images ?? false },
        { report: (line) => activity.says(line), signal: context.interrupted },
      ),
    describeRemoved,
  );
  if (terminal.json) terminal.value(removed);
  return EXIT.ok;
}
