/** Checks what a verb prints with --json against assets/cli/json-schema.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { REPOSITORY } from '../../../lib/repository';

export const SCHEMA = JSON.parse(readFileSync(join(REPOSITORY, 'assets/cli/json-schema.json'), 'utf8')) as {
  readonly $defs: Readonly<Record<string, object>>;
};

const ajv = new Ajv({ allErrors: true });
addFormats(ajv);
ajv.addSchema(SCHEMA, 'metals');

/** The one value on stdout, once it is as the schema of the verb says. */
export function parseBySchema(verb: string, out: string): any {
  const value: unknown = JSON.parse(out);
  const check = ajv.getSchema(`metals#/$defs/${encodeURIComponent(verb)}`);
  if (!check) throw new Error(`assets/cli/json-schema.json has nothing of ${verb}`);
  if (!check(value)) throw new Error(`metals ${verb} --json: ${ajv.errorsText(check.errors)}: ${out.slice(0, 500)}`);
  return value;
}
