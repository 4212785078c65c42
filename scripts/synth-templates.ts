/**
 * Writes the templates of several option sets below build/lint/templates, and prints the paths of those that differ from any before,
 * one a line, for cfn-lint.
 */
import fs from 'node:fs';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { context } from '../cdk.json';
import { createStacks } from '../lib/app';
import { readConfig } from '../lib/config';
import { OPTION_SETS } from './option-sets';

const OUTPUT = path.resolve(__dirname, '../build/lint/templates');
const ASSEMBLY = path.resolve(__dirname, '../build/lint/cdk.out');
for (const directory of [OUTPUT, ASSEMBLY]) fs.rmSync(directory, { recursive: true, force: true });
fs.mkdirSync(OUTPUT, { recursive: true });
const written = new Set<string>();
for (const [name, options] of Object.entries(OPTION_SETS)) {
  const app = new App({ context, outdir: ASSEMBLY });
  createStacks(app, readConfig(options, {}));
  for (const { id, template } of app.synth().stacks) {
    const json = JSON.stringify(template, undefined, 1);
    const file = path.join(OUTPUT, `${name}.${id}.json`);
    fs.writeFileSync(file, json);
    if (written.has(json)) continue;
    written.add(json);
    process.stdout.write(`${file}\n`);
  }
}
