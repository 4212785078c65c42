import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';
import { REPOSITORY } from '../repository';

/**
 * Calls `use` with an empty folder of its own, below build/, and removes the folder again.
 *
 * What synthesis puts together goes there: two that run at once must not write each other's files. An asset is copied
 * into the cloud assembly as it is made, so nothing needs the folder afterwards, except with `cdk --no-staging`, where
 * assets are read where they are: then it is kept.
 */
export function inFreshFolder<T>(scope: Construct, name: string, use: (folder: string) => T): T {
  const parent = path.join(REPOSITORY, 'build', 'synth');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, `${name}-`));
  try {
    return use(folder);
  } finally {
    if (!scope.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT)) rmSync(folder, { recursive: true });
  }
}
