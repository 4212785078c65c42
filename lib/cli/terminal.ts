/** Where output goes: data on stdout, everything else on stderr; colour and animation only for a person who watches. */
import { createColors } from 'picocolors';
import { asciiJson } from '../safe-text';

/** The part of a process that commands may use; tests bring their own. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly stdin: { readonly isTTY?: boolean };
  /** Whoever has read stdout has gone. Node.js tells it by an error alone. @default never */
  readonly isClosed?: () => boolean;
}

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Colors = ReturnType<typeof createColors>;

const isSet = (value: string | undefined): boolean =>
  value !== undefined && value !== '' && value !== '0' && value !== 'false';

/** NO_COLOR and --no-color win; then a terminal outside CI. */
export function wantsColor(io: Pick<Io, 'env'>, stream: Stream, flag: boolean): boolean {
  if (!flag || isSet(io.env.NO_COLOR) || io.env.TERM === 'dumb') return false;
  return stream.isTTY === true && !isSet(io.env.CI);
}

export class Terminal {
  /** Colours for stdout. */
  readonly colors: Colors;
  /** Colours for stderr, which may be a terminal when stdout is a pipe. */
  readonly noteColors: Colors;
  /** True when lines on stderr may be redrawn. */
  readonly animated: boolean;
  /** True when a question can be answered. */
  readonly interactive: boolean;

  constructor(
    readonly io: Io,
    color: boolean,
    readonly json: boolean,
  ) {
    this.colors = createColors(wantsColor(io, io.stdout, color));
    this.noteColors = createColors(wantsColor(io, io.stderr, color));
    this.animated = io.stderr.isTTY === true && !isSet(io.env.CI) && io.env.TERM !== 'dumb';
    this.interactive = io.stdin.isTTY === true && io.stderr.isTTY === true && !isSet(io.env.CI);
  }

  /** True when nobody reads the result any more, as after `| head`. */
  get isClosed(): boolean {
    return this.io.isClosed?.() ?? false;
  }

  /** The result itself. */
  data(text: string): void {
    this.io.stdout.write(`${text}\n`);
  }

  /** With --json, the one value that a command prints. */
  value(value: unknown): void {
    this.data(asciiJson(value));
  }

  /** Before the same is shown anew: on a terminal instead of what is there, elsewhere below it. */
  newScreen(): void {
    this.io.stdout.write(this.io.stdout.isTTY === true ? '\x1b[H\x1b[2J' : '\n');
  }

  /** Anything about the result. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }
}
