import { EXIT } from '../../contract';
import { labDown as removeLab, type Removed } from '../../lab/down';
import { withActivity } from '../activity';
import type { Context } from '../context';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const LAB_DOWN_FAILED = 'the lab is not wholly removed';

export interface LabDownOptions {
  readonly images?: boolean;
}

const KINDS: Readonly<Record<keyof Removed, string>> = {
  containers: 'container',
  networks: 'network',
  volumes: 'volume',
  loopDevices: 'loop device',
  images: 'image',
};

/** Pure: `3 containers, 1 network`; what there was none of is left out. */
export function describeRemoved(removed: Removed): string {
  const counted = (Object.keys(KINDS) as (keyof Removed)[])
    .filter((kind) => removed[kind] > 0)
    .map((kind) => `${removed[kind]} ${KINDS[kind]}${removed[kind] === 1 ? '' : 's'}`);
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

export const verb: Verb<LabDownOptions> = { failure: LAB_DOWN_FAILED, run: labDown, graceMs: GRACE_MS };
