import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { LabError } from './lab-error';

/** One for the machine, not for the clone: two clones would build the same images and name the same containers. */
export const LOCK_FILE = path.join(os.tmpdir(), 'metals-lab.lock');

/** Who changes the lab. */
interface Holder {
  readonly pid: number;
  readonly directory: string;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Holder;
  } catch {
    // Gone meanwhile, or cut short by a crash: nobody holds it.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes the lab for this process until it ends; again by the same process is fine.
 *
 * @throws LabError with the process that has it
 */
export function takeLab(file = LOCK_FILE): void {
  const holder = readHolder(file);
  if (holder?.pid === process.pid) return;
  if (holder && isAlive(holder.pid)) {
    throw new LabError(`process ${holder.pid}, started in ${holder.directory}, is changing the lab`, [
      'wait until it has ended, or end it with Ctrl-C',
      `kill -INT ${holder.pid}    # where it has no terminal`,
    ]);
  }
  fs.rmSync(file, { force: true });
  // Fails if another process took it in this very moment.
  fs.writeFileSync(file, JSON.stringify({ pid: process.pid, directory: process.cwd() }), { flag: 'wx' });
  process.once('exit', () => releaseLab(file));
}

export function releaseLab(file = LOCK_FILE): void {
  if (readHolder(file)?.pid === process.pid) fs.rmSync(file, { force: true });
}
