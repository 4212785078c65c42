/** Notices containers that die: at once by Docker's events, at the latest by a regular look. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LAB_LABEL } from '../../../contract';
import { errorText, type Log } from '../log';

const LOOK_SECONDS = 15;
const RECONNECT_SECONDS = 5;

export class ContainerWatch {
  private events: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly look: () => Promise<void>,
    private readonly log: Log,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.lookNow(), LOOK_SECONDS * 1000);
    this.follow();
    this.lookNow();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    this.events?.kill();
  }

  private lookNow(): void {
    this.look().catch((error: unknown) => this.log('watch', errorText(error)));
  }

  private follow(): void {
    if (this.stopped) return;
    const filters = ['type=container', 'event=die', `label=${LAB_LABEL}`].flatMap((each) => ['--filter', each]);
    const events = spawn('docker', ['events', '--format', '{{.ID}}', ...filters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.events = events;
    createInterface({ input: events.stdout! }).on('line', () => this.lookNow());
    events.on('error', (error) => this.log('watch', `docker events: ${error.message}`));
    events.on('close', () => {
      if (!this.stopped) setTimeout(() => this.follow(), RECONNECT_SECONDS * 1000).unref();
    });
  }
}
