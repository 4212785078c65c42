/** What the document swarm-events prints, beside what Systems Manager remembers of documents; how each is shown. Pure. */
import { z } from 'zod';
import { visible } from '../safe-text';
import { notAgreedOn, unpacked } from './document-answer';
import { CliError } from './errors';
import type { Change } from './history';
import { shortImages } from './short-images';
import type { Colors } from './terminal';
import { timeText } from './time-text';

const DOCUMENT = 'swarm-events';

const header = z.object({ stage: z.string(), left_out: z.number() });

const event = z.object({
  /** RFC 3339 with milliseconds, UTC. */
  at: z.string(),
  /** `task`, `node`, `service`, `secret`, `config`, `network`; `document` for what Systems Manager has run. */
  kind: z.string(),
  /** `producer.2`; of a node its slot. */
  name: z.string(),
  /** Slot of a task's node. */
  node: z.string().nullable(),
  /** What became of it: `running`, `failed`, `update`. */
  state: z.string(),
  detail: z.string().nullable(),
  id: z.string(),
});
export type SwarmEvent = z.infer<typeof event>;

export interface SwarmEvents {
  readonly events: readonly SwarmEvent[];
  /** Older ones that found no room. */
  readonly leftOut: number;
}

/** @throws CliError when it is not what was agreed on, or nothing */
export function parseEvents(stdout: string, what: string): SwarmEvents {
  if (stdout === '')
    throw new CliError(what, 'Systems Manager has not delivered what the document printed', ['try again']);
  const [first = '', packed = ''] = stdout.split('\n');
  try {
    const { left_out: leftOut } = header.parse(JSON.parse(first));
    const text = unpacked(packed);
    return { leftOut, events: z.array(event).parse(JSON.parse(text)) };
  } catch (error) {
    throw notAgreedOn(what, DOCUMENT, first, error);
  }
}

/** A document that has changed something, with what became of it. */
export const eventOf = ({ at, document, outcome, detail, commandId, instance, by }: Change): SwarmEvent => ({
  ...{ at, kind: 'document', name: document, node: instance, state: outcome, id: commandId },
  detail: [detail, `by ${by}`].filter(Boolean).join('; '),
});

/** Which event it is: the same one is told again by whoever is asked again. */
export const identityOf = ({ at, kind, name, state, id }: SwarmEvent): string => [at, kind, name, state, id].join(' ');

/** All of both, oldest first. */
export const merged = (...lists: readonly (readonly SwarmEvent[])[]): SwarmEvent[] =>
  lists.flat().sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));

const BAD = ['failed', 'rejected', 'orphaned', 'timed out', 'cancelled'];

/** `15:40:00.203 task producer.2@worker-1 failed: task: non-zero exit (143)` */
export function eventText({ at, kind, name, node, state, detail }: SwarmEvent, colors: Colors, now?: Date): string {
  const where = kind === 'task' && node !== null ? `${name}@${node}` : name;
  const what = BAD.includes(state) ? colors.red(state) : visible(state);
  return `${colors.dim(visible(timeText(at, now)))} ${visible(kind)} ${visible(where)} ${what}${detail === null || detail === '' ? '' : `: ${shortImages(visible(detail))}`}`;
}
