/** Copies of the product below build/strict, in which a defect is planted and its check is run. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { run } from '../../../lib/lab/process';
import { type Defect, plant } from './defects';

export const STRICT_FOLDER = path.join(REPOSITORY, 'build', 'strict');

/** Everything that git knows or would take, as it is in the working tree: changes that are not committed, too. */
async function productFiles(): Promise<string[]> {
  const list = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: REPOSITORY });
  return list.split('\0').filter((file) => file !== '' && existsSync(path.join(REPOSITORY, file)));
}

/** Makes a copy from nothing; its place is always the same, so that Jest's cache of compiled files serves it again. */
export async function makeCopy(name: string | number): Promise<string> {
  const copy = path.join(STRICT_FOLDER, `copy-${name}`);
  rmSync(copy, { recursive: true, force: true });
  for (const file of await productFiles()) {
    const target = path.join(copy, file);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(path.join(REPOSITORY, file), target);
  }
  symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/** Runs something while the defect stands in the copy, and puts the line back. */
export async function withDefect<T>(copy: string, defect: Defect, work: () => Promise<T>): Promise<T> {
  const file = path.join(copy, defect.file);
  const sound = readFileSync(file, 'utf8');
  writeFileSync(file, plant(sound, defect));
  try {
    return await work();
  } finally {
    writeFileSync(file, sound);
  }
}
