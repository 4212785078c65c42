/** What the document service-logs prints, and how a line of it is shown. Pure. */
import { z } from 'zod';
import { visible } from '../safe-text';
import { notAgreedOn, unpacked } from './document-answer';
import { CliError } from './errors';
import type { Colors } from './terminal';
import { timeText } from './time-text';

const DOCUMENT = 'service-logs';

const header = z.object({
  stage: z.string(),
  /** By the clock of the node that was asked. */
  asked_at: z.string(),
  /** Slot by hostname. */
  nodes: z.record(z.string(), z.string()),
  lines: z.number(),
  /** Older ones that found no room. */
  left_out: z.number(),
  /** Tasks have older ones still, which were not looked at. */
  more: z.boolean(),
  /** How many of each task were. */
  searched: z.number(),
  /** What Docker said itself, e.g. of a node that it could not ask. */
  remarks: z.array(z.string()),
});

export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC. */
  readonly at: string;
  /** `producer`. */
  readonly service: string;
  /** From 1; 0 for a service that has one task on each node. */
  readonly replica: number;
  readonly taskId: string;
  /** Slot of the node. */
  readonly node: string;
  readonly text: string;
}

export interface Logs {
  readonly askedAt: string;
  readonly lines: readonly LogLine[];
  readonly leftOut: number;
  readonly hasMore: boolean;
  readonly searched: number;
  readonly remarks: readonly string[];
}

/** `2026-11-29T02:57:34.260081758Z metals_edge.0.zaj4pivxmga2@ip-10-40-4-12    | text` */
const LINE = /^(\S+Z) metals_([a-z0-9-]+)\.(\d+)\.([a-z0-9]+)@(\S+) +\| (.*)$/s;

/** @throws CliError when it is not what was agreed on, or nothing */
export function parseLogs(stdout: string, what: string): Logs {
  if (stdout === '')
    throw new CliError(what, 'Systems Manager has not delivered what the document printed', ['try again']);
  const [first = '', packed = ''] = stdout.split('\n');
  try {
    const said = header.parse(JSON.parse(first));
    const { nodes, lines: count } = said;
    const text = unpacked(packed);
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line): LogLine => {
        const match = LINE.exec(line);
        if (!match) throw new Error(`not a line of a log: ${line.slice(0, 200)}`);
        const [, at, service, replica, taskId, hostname, words] = match as unknown as string[] & { length: 7 };
        const node = nodes[hostname!] ?? hostname!;
        return { at: at!, service: service!, replica: Number(replica), taskId: taskId!, node, text: words! };
      });
    if (lines.length !== count) throw new Error(`${lines.length} lines, not ${count}`);
    const { asked_at: askedAt, left_out: leftOut, more: hasMore, searched } = said;
    return { askedAt, lines, leftOut, hasMore, searched, remarks: said.remarks.map(visible) };
  } catch (error) {
    throw notAgreedOn(what, DOCUMENT, first, error);
  }
}

/** Which line it is: Docker repeats those of the time that it is asked from. */
export const identityOf = ({ at, taskId, text }: LogLine): string => `${at} ${taskId} ${text}`;

/** Of one service always the same; errors keep red for themselves. */
const HUES = ['cyan', 'green', 'yellow', 'magenta', 'blue'] as const satisfies readonly (keyof Colors)[];
const HUE_OF: Readonly<Record<string, (typeof HUES)[number]>> = {
  edge: 'blue',
  producer: 'green',
  kafka: 'yellow',
  processor: 'cyan',
  mongodb: 'magenta',
};

function hueOf(service: string): (typeof HUES)[number] {
  const known = HUE_OF[service];
  if (known) return known;
  const sum = [...service].reduce((total, character) => total + character.codePointAt(0)!, 0);
  return HUES[sum % HUES.length]!;
}

/** `02:57:34.260 edge@manager-2 text`: of a service that has several tasks on a node, its replica as well. */
export function lineText({ at, service, replica, node, text }: LogLine, colors: Colors, now?: Date): string {
  const task = `${service}${replica > 0 ? `.${replica}` : ''}@${node}`;
  const time = timeText(at, now);
  return `${colors.dim(time)} ${colors[hueOf(service)](task)} ${visible(text)}`;
}

/** Pure: a moment before another one, as the document takes it. */
export const secondsBefore = (at: string, seconds: number): string =>
  new Date(Date.parse(at) - seconds * 1000).toISOString();
