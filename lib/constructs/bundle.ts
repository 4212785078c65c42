import * as path from 'node:path';
import { buildSync } from 'esbuild';
import { REPOSITORY } from '../repository';

/**
 * Bundles a program and all it imports into one file.
 *
 * @param entry TypeScript file, from the root
 * @param outfile where the bundle goes, from the root
 * @param target Node.js version that runs it, such as `node22`
 */
export function bundleProgram(entry: string, outfile: string, target: string): void {
  buildSync({
    entryPoints: [path.join(REPOSITORY, entry)],
    outfile: path.join(REPOSITORY, outfile),
    bundle: true,
    platform: 'node',
    target,
    format: 'cjs',
    logLevel: 'error',
    // File names in the bundle must not depend on where the repository is: the bundle's hash is its version.
    absWorkingDir: REPOSITORY,
  });
}
