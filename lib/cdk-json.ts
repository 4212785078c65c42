import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './repository';

const FILE = join(REPOSITORY, 'cdk.json');

/** The context of cdk.json; keys with `:` or `@` are the CDK's, and the configuration passes them over. */
export function readCdkContext(): Record<string, unknown> {
  const { context = {} } = JSON.parse(readFileSync(FILE, 'utf8')) as { context?: Record<string, unknown> };
  return context;
}
