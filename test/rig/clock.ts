/**
 * The clock of one service, set while it runs. libfaketime reads the offset from a file again every second, and leaves
 * the monotonic clock alone, as a step of the machine's clock does:
 * https://github.com/wolfcw/libfaketime#using-faketimerc-or-faketime_timestamp_file
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LIBRARY = '/opt/libfaketime.so.1';
const FOLDER = '/clock';
const REREAD_SECONDS = 1;

export class Clock {
  readonly mounts: readonly string[];
  readonly environment: Readonly<Record<string, string>> = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: `${FOLDER}/offset`,
    FAKETIME_CACHE_DURATION: String(REREAD_SECONDS),
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // Its shared memory would outlive a process that is killed.
    FAKETIME_DISABLE_SHM: '1',
  };

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.write(0);
    this.mounts = [`type=bind,source=${directory},destination=${FOLDER},readonly`];
  }

  /** Returns when the service has the new time, at the second reading at the latest (measured: within 2 s). */
  async step(offsetSeconds: number): Promise<void> {
    this.write(offsetSeconds);
    await sleep(REREAD_SECONDS * 2_500);
  }

  private write(offsetSeconds: number): void {
    writeFileSync(path.join(this.directory, 'offset'), `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`, {
      mode: 0o444,
    });
  }
}
