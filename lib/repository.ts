import { existsSync } from 'node:fs';
import * as path from 'node:path';

/** The root of the repository, from the sources and from the bundle of `metals` alike. */
export const REPOSITORY = findRoot(__dirname);

function findRoot(directory: string): string {
  if (existsSync(path.join(directory, 'cdk.json'))) return directory;
  const parent = path.dirname(directory);
  if (parent === directory) throw new Error(`no cdk.json in ${__dirname} or above`);
  return findRoot(parent);
}
