/**
 * What each option set changes of the templates, as `cdk diff` shows it: compares the templates that scripts/synth-templates.ts has
 * written with test/lib/stacks/differences, a file for each set; `--update` writes those files. Masked are
 * hashes, scripts, and where a stage is: region, partition, account and name.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { formatDifferences, fullDiff } from '@aws-cdk/cloudformation-diff';
import { STACKS } from '../lib/contract';
import { OPTION_SETS } from './option-sets';

const TEMPLATES = path.resolve(__dirname, '../build/lint/templates');
const KNOWN = path.resolve(__dirname, '../test/lib/stacks/differences');
const DEFAULT = 'default';

const REGIONS = new RegExp(
  `\\b(${[...new Set(Object.values(OPTION_SETS).map(({ region }) => region))].join('|')})`,
  'g',
);

/** User data, documents and functions are other files of the repository, and hashes of assets change with every line of them. */
function mask(key: string, value: unknown): unknown {
  if (key === 'runCommand') return ['<script>'];
  if (key === 'DocumentHash') return '<hash>';
  if (typeof value !== 'string') return value;
  return value
    .replace(/[0-9a-f]{64}/g, '<hash>')
    .replace(REGIONS, '<region>')
    .replace(/\barn:aws-cn:/g, 'arn:aws:')
    .replace(/\b(123456789012|000000000000)\b/g, '<account>')
    .replace(/\b(prod|lab)\b/g, '<stage>')
    .replace(/gunzip\n(?:[A-Za-z0-9+/=]+\n)+/g, 'gunzip\n<files>\n');
}

type Template = Record<string, unknown>;
function read(set: string, stack: string): Template {
  const found = fs.readdirSync(TEMPLATES).find((name) => name.startsWith(`${set}.`) && name.endsWith(`-${stack}.json`));
  if (found === undefined)
    throw new Error(`${TEMPLATES} has no template ${set}.*-${stack}: scripts/synth-templates.ts writes it`);
  return JSON.parse(fs.readFileSync(path.join(TEMPLATES, found), 'utf8'), mask) as Template;
}

function differences(before: Template, after: Template): string {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  formatDifferences(stream as NodeJS.WritableStream as never, fullDiff(before, after));
  return stripVTControlCharacters(text)
    .replace(/[ \t]+$/gm, '')
    .trim();
}

function describe(set: string): string {
  const parts = STACKS.map((stack) => {
    const text = differences(read(DEFAULT, stack), read(set, stack));
    return `${stack}: ${text === '' ? 'no difference' : `\n\n${text}\n`}`;
  });
  return `${parts.join('\n')}\n`;
}

function main(): void {
  const isUpdate = process.argv.includes('--update');
  const sets = Object.keys(OPTION_SETS).filter((name) => name !== DEFAULT);
  if (isUpdate) fs.rmSync(KNOWN, { recursive: true, force: true });
  fs.mkdirSync(KNOWN, { recursive: true });
  const changed = sets.filter((set) => {
    const file = path.join(KNOWN, `${set}.txt`);
    const text = describe(set);
    if (isUpdate) fs.writeFileSync(file, text);
    return (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '') !== text;
  });
  const files = sets.map((set) => `${set}.txt`);
  changed.push(...fs.readdirSync(KNOWN).filter((name) => !files.includes(name)));
  if (changed.length === 0) {
    console.log(`template-differences: ${sets.length} option sets change what test/lib/stacks/differences says`);
    return;
  }
  console.error(`template-differences: other changes than test/lib/stacks/differences has: ${changed.join(', ')}`);
  console.error('next: npx tsx scripts/template-differences.ts --update && git diff test/lib/stacks/differences');
  process.exit(1);
}

main();
