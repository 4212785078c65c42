/** Shows long work: which step, how long, what it waits for. One redrawn line on a terminal, plain lines elsewhere. */
import { formatSeconds } from './duration';
import type { Terminal } from './terminal';

const REDRAW_MS = 120;
/** Without a terminal, a step that waits says so this often. */
const PLAIN_REPEAT_MS = 15_000;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export class Activity {
  private readonly startedAtMs = Date.now();
  private timer: NodeJS.Timeout | undefined;
  private frame = 0;
  private reason = '';

  constructor(
    private readonly terminal: Terminal,
    private readonly title: string,
  ) {
    if (terminal.animated) {
      this.timer = setInterval(() => this.redraw(), REDRAW_MS);
    } else {
      terminal.note(`${title} …`);
      this.timer = setInterval(() => this.repeat(), PLAIN_REPEAT_MS);
    }
    this.timer.unref();
  }

  /** What it waits for now. */
  waitsFor(reason: string): void {
    this.reason = reason;
  }

  /** Progress in words: passes by on a terminal, stays in a log. */
  says(line: string): void {
    this.reason = line;
    if (!this.terminal.animated) this.terminal.note(`  ${line}`);
  }

  succeed(result = 'done'): void {
    this.end(`${this.terminal.noteColors.green('✔')} ${this.title}: ${result} (${this.elapsed})`);
  }

  fail(): void {
    this.end(`${this.terminal.noteColors.red('✖')} ${this.title}: failed after ${this.elapsed}`);
  }

  /** Takes the line away without a verdict, e.g. when interrupted. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  private get elapsed(): string {
    return formatSeconds((Date.now() - this.startedAtMs) / 1000);
  }

  private end(text: string): void {
    this.stop();
    this.terminal.note(text);
  }

  private get text(): string {
    return `${this.title} (${this.elapsed})${this.reason ? `: ${this.reason}` : ''}`;
  }

  private repeat(): void {
    this.terminal.note(this.text);
  }

  private redraw(): void {
    this.frame = (this.frame + 1) % FRAMES.length;
    const width = (this.terminal.io.stderr.columns ?? 80) - 3;
    this.erase();
    this.terminal.io.stderr.write(`${this.terminal.noteColors.cyan(FRAMES[this.frame]!)} ${this.text.slice(0, width)}`);
  }

  private erase(): void {
    if (this.terminal.animated) this.terminal.io.stderr.write('\r\x1b[2K');
  }
}

/** Runs work under one activity; a failure leaves the failed line and passes the error on. */
export async function withActivity<T>(
  terminal: Terminal,
  title: string,
  work: (activity: Activity) => Promise<T>,
  result: (value: T) => string = () => 'done',
): Promise<T> {
  const activity = new Activity(terminal, title);
  try {
    const value = await work(activity);
    activity.succeed(result(value));
    return value;
  } catch (error) {
    activity.fail();
    throw error;
  }
}
