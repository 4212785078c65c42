import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Metafile } from 'esbuild';
import { buildCli } from '../../scripts/build-cli';

const directory = mkdtempSync(join(tmpdir(), 'metals-cli-'));
let outputs: Metafile['outputs'];
let inputs: readonly string[];

beforeAll(async () => {
  const metafile = await buildCli(directory);
  outputs = metafile.outputs;
  inputs = Object.keys(metafile.inputs);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The packages of one file of the bundle, and of all that it loads at once. */
function packagesOf(file: string): string[] {
  const seen = new Set<string>();
  const visit = (output: string): void => {
    if (seen.has(output)) return;
    seen.add(output);
    for (const { path, kind, external } of outputs[output]!.imports)
      if (!external && kind !== 'dynamic-import') visit(path);
  };
  visit(file);
  const names = [...seen].flatMap((output) =>
    Object.keys(outputs[output]!.inputs).flatMap(
      (input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [],
    ),
  );
  return [...new Set(names)].sort();
}

const fileOf = (name: RegExp): string => Object.keys(outputs).find((output) => name.test(basename(output)))!;

test('bin/metals looks at the time of each source', () => {
  const own = inputs.filter((input) => !input.startsWith('node_modules/'));
  expect(own.length).toBeGreaterThan(50);
  expect(own.filter((input) => !/^(bin|lib|services)\//.test(input))).toEqual([]);
});

test('help waits for no client of AWS and for no check of the configuration', () => {
  expect(packagesOf(fileOf(/^metals\.mjs$/))).toEqual(['commander', 'fastest-levenshtein', 'picocolors']);
});

test('status waits for no client that it does not need', () => {
  const clients = packagesOf(fileOf(/^status-.*\.mjs$/)).filter((name) => name.startsWith('@aws-sdk/client-'));
  expect(clients).toEqual(['@aws-sdk/client-ssm']);
});

test('what is left is the bundle alone', () => {
  expect(readdirSync(directory).filter((name) => !/\.mjs(\.map)?$/.test(name))).toEqual([]);
});

test('parts of the bundle that is replaced stay, however old they are; those of earlier ones go after a day', async () => {
  const [entry, replaced, older] = ['metals.mjs', 'status-REPLACED.mjs', 'status-OLDER.mjs'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);
  writeFileSync(replaced, '');
  writeFileSync(older, '');
  utimesSync(older, daysAgo(3), daysAgo(3));
  const made = daysAgo(2);
  for (const file of [entry, replaced]) utimesSync(file, made, made);
  await buildCli(directory);
  expect([existsSync(replaced), existsSync(older)]).toEqual([true, false]);
});
