import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, loadConfig } from '../../../services/common/config';
import { temporaryFolder } from './temporary-folder';

const schema = z.strictObject({
  name: z.string(),
  http: z.strictObject({ port: z.int().min(1).max(65_535), body_bytes: z.int().default(10) }).prefault({ port: 80 }),
  metals: z.record(z.string(), z.strictObject({ price: z.number(), unit: z.string().default('g') })).optional(),
  feed: z.strictObject({ url: z.url({ protocol: /^https$/, error: 'must be an https address' }) }).optional(),
  brokers: z.array(z.strictObject({ host: z.string() })).optional(),
});

function load(yaml: string | undefined, secretFiles: Record<string, string> = {}, secrets: string[] = []) {
  const folder = temporaryFolder();
  if (yaml !== undefined) writeFileSync(join(folder, 'app.yml'), yaml);
  for (const [name, value] of Object.entries(secretFiles)) writeFileSync(join(folder, name), value);
  return loadConfig({ schema, file: join(folder, 'app.yml'), secretsDirectory: folder, secrets });
}

function problems(...parameters: Parameters<typeof load>): readonly string[] {
  try {
    load(...parameters);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

describe('loadConfig', () => {
  test('lists every problem at once: wrong type, unknown key, missing secret, empty secret', () => {
    const found = problems('http: { port: eighty, body_byte: 3 }\n', { empty: '\n' }, ['absent', 'empty']);
    expect(found).toEqual([
      expect.stringMatching(/^name: .*expected string.* \(got nothing\)$/),
      expect.stringMatching(/^http\.port: .*expected number.* \(got "eighty"\)$/),
      'http.body_byte: unknown key; did you mean body_bytes? (known: port, body_bytes)',
      expect.stringMatching(/absent: secret is missing/),
      expect.stringMatching(/empty: secret is empty$/),
    ]);
  });

  test('takes an optional secret where it is, and wants it to be one', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'app.yml'), 'name: x\n');
    writeFileSync(join(folder, 'here'), 'value\n');
    const file = join(folder, 'app.yml');
    const request = { schema, file, secretsDirectory: folder, secrets: [], optionalSecrets: ['here', 'absent'] };
    expect(loadConfig(request).secrets).toEqual({ here: 'value' });
    writeFileSync(join(folder, 'here'), '');
    expect(() => loadConfig(request)).toThrow('here: secret is empty');
  });

  test('says when the file is missing', () => {
    expect(problems(undefined)[0]).toMatch(/app\.yml: no such file; expected a YAML file/);
  });

  test('says when the file is not YAML, without a stack', () => {
    const [problem] = problems('name: [unclosed\n');
    expect(problem).toMatch(/app\.yml: not YAML: /);
    expect(problem).not.toContain('\n');
  });

  test.each([
    ['an alias of nothing', 'name: *nope', 'Unresolved alias (the anchor must be set before the alias): nope'],
    ['an alias of itself', 'name: &a { b: *a }', 'Converting circular structure to JSON'],
    ['an alias that is an address', 'name: *https://h?token=s3cret', expect.stringMatching(/alias\): <address>$/)],
  ])('says that the file is not YAML for %s', (_, yaml, reason) => {
    expect(problems(yaml)).toEqual([expect.stringMatching(/app\.yml: not YAML: /)]);
    expect(problems(yaml)[0].replace(/^.*: not YAML: /, '')).toEqual(reason);
  });

  test.each([
    ['a directory', 'EISDIR', mkdirSync],
    ['a link to itself', 'ELOOP', (file: string) => symlinkSync(file, file)],
  ])('says that %s cannot be read', (_, code, make) => {
    const folder = temporaryFolder();
    const file = join(folder, 'app.yml');
    make(file);
    expect(() => loadConfig({ schema, file, secretsDirectory: folder, secrets: [] })).toThrow(
      new ConfigError([`${file}: cannot be read: ${code}; expected a YAML file, mounted as a Docker config`]),
    );
  });

  test('an empty file misses its required keys', () => {
    expect(problems('')).toHaveLength(1);
  });

  test('an unknown key far from any known one gets no suggestion', () => {
    expect(problems('name: a\nzzzzzzzzzz: 1\n')).toEqual([
      'zzzzzzzzzz: unknown key (known: name, http, metals, feed, brokers)',
    ]);
  });

  test.each([
    ['a record', 'metals: { gold: { prise: 1, price: 2 } }', 'metals.gold.prise', 'price', 'price, unit'],
    ['an array', 'brokers: [{ host: a, hots: b }]', 'brokers.0.hots', 'host', 'host'],
  ])('an unknown key below %s is told the known ones', (_, yaml, key, hint, known) => {
    expect(problems(`name: a\n${yaml}\n`)).toEqual([`${key}: unknown key; did you mean ${hint}? (known: ${known})`]);
  });

  test.each([
    ['http://user:s3cret@h:8/p', '"http://…@h:8/p"'],
    ['http://h/p?token=s3cret', '"http://h/p?…"'],
    ['http://s3cret@h?s3cret#s3cret', '"http://…@h/?…#…"'],
    ['http://h/p#s3cret', '"http://h/p#…"'],
    ['http://h/p', '"http://h/p"'],
    ['http://user:8/s3cret@h/p', '"<string>"'],
    ['user:s3cret@h', '"<string>"'],
    ['user:s3cret', '"<string>"'],
    ['h/p?token=s3cret', '"<string>"'],
    [12345, '"<number>"'],
    [['s3cret'], '"<array>"'],
  ])('of the url %j it shows %s', (url, shown) => {
    expect(problems(`name: a\nfeed: { url: ${JSON.stringify(url)} }\n`)).toEqual([
      `feed.url: must be an https address (got ${shown})`,
    ]);
  });

  test.each([
    ['as an object', '{ url: "https://u:s3cret@h/p?s3cret", at: 1 }', '{"url":"https://…@h/p?…","at":1}'],
    [
      'in an array',
      '[{ url: s3cret }, { from: ["https://h?s3cret", b] }]',
      '[{"url":"<string>"},{"from":["https://h/?…","b"]}]',
    ],
    ['as a key', '{ "url:https://u:s3cret@h": }', '{"<string>":null}'],
  ])('an address in another place, %s, keeps its token too', (_, yaml, shown) => {
    expect(problems(`name: ${yaml}\n`)).toEqual([
      `name: Invalid input: expected string, received ${yaml.startsWith('[') ? 'array' : 'object'} (got ${shown})`,
    ]);
  });

  test('a forgotten space after url: shows no address, nor does a warning of the parser', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(problems('name: !tag https://h?s3cret\nhttp: { port: 1, url:https://u:s3cret@h }\n')).toEqual([
      'http.<string>: unknown key (known: port, body_bytes)',
    ]);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('never repeats the value of a secret', () => {
    const text = problems('{}', { key: 'hunter2hunter2' }, ['key']).join('\n');
    expect(text).not.toContain('hunter2');
  });

  test('returns the configuration with defaults, and secrets without their last newline', () => {
    const { config, secrets } = load('name: a\n', { key: 'value\n' }, ['key']);
    expect(config).toEqual({ name: 'a', http: { port: 80, body_bytes: 10 } });
    expect(secrets).toEqual({ key: 'value' });
  });
});
