import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, loadConfig } from '../../../services/common/config';

const schema = z.strictObject({
  name: z.string(),
  http: z.strictObject({ port: z.int().min(1).max(65_535), body_bytes: z.int().default(10) }).prefault({ port: 80 }),
});

function load(yaml: string | undefined, secretFiles: Record<string, string> = {}, secrets: string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'metals-config-'));
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

  test('says when the file is missing', () => {
    expect(problems(undefined)[0]).toMatch(/app\.yml: no such file; expected a YAML file/);
  });

  test('says when the file is not YAML, without a stack', () => {
    const [problem] = problems('name: [unclosed\n');
    expect(problem).toMatch(/app\.yml: not YAML: /);
    expect(problem).not.toContain('\n');
  });

  test('an empty file misses its required keys', () => {
    expect(problems('')).toHaveLength(1);
  });

  test('an unknown key far from any known one gets no suggestion', () => {
    expect(problems('name: a\nzzzzzzzzzz: 1\n')).toEqual(['zzzzzzzzzz: unknown key (known: name, http)']);
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
