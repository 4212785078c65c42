/** Checks what a verb prints with --json against the schema in assets/cli/schemas. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { REPOSITORY } from '../../../lib/repository';

/** The one value on stdout, once it is as the schema says. */
export function parseBySchema(verb: string, out: string): unknown {
  const schema = JSON.parse(readFileSync(join(REPOSITORY, `assets/cli/schemas/${verb}.json`), 'utf8')) as object;
  const ajv = new Ajv({ allErrors: true });
  const value: unknown = JSON.parse(out);
  if (!ajv.validate(schema, value)) throw new Error(`${verb}: ${ajv.errorsText()}`);
  return value;
}
