import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeSecrets, mergeConfig, writeConfig } from './files';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'metals-rig-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('only the owner may enter the directory of the passwords, and no two are the same', () => {
  const secrets = makeSecrets(path.join(folder, 'rig'));
  expect(statSync(path.join(folder, 'rig')).mode & 0o777).toBe(0o700);
  expect(readFileSync(path.join(folder, 'rig', 'secrets', 'api-key'), 'utf8')).toBe(secrets['api-key']);
  expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length);
});

test('maps are merged and everything else is replaced, without touching the base', () => {
  const base = { queue: { max: 1, batch: 2 }, brokers: ['a', 'b'], metals: { gold: { partition: 0 } } };
  expect(mergeConfig(base, { queue: { max: 5 }, brokers: ['c'], metals: { gold: { price: 1 } }, added: null })).toEqual(
    {
      queue: { max: 5, batch: 2 },
      brokers: ['c'],
      metals: { gold: { partition: 0, price: 1 } },
      added: null,
    },
  );
  expect(base.queue.max).toBe(1);
});

test('a configuration is replaced, not written over: a container that has the old one keeps it', () => {
  const held = openSync(writeConfig(folder, 'x', { a: 1 }), 'r');
  const file = writeConfig(folder, 'x', { a: 2 });
  expect([readFileSync(held, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['a: 1\n', 'a: 2\n']);
  closeSync(held);
});
