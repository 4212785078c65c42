import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { contentHash, directoryHash } from '../../../lib/lab/content-hash';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'content-'));
  mkdirSync(path.join(directory, 'bin'));
  writeFileSync(path.join(directory, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(path.join(directory, 'bin', 'run'), 'echo\n', { mode: 0o755 });
});
afterEach(() => rmSync(directory, { recursive: true }));

test('parts are told apart', () => {
  expect(contentHash(['ab', 'c'])).not.toBe(contentHash(['a', 'bc']));
  expect(contentHash(['a'])).toMatch(/^[0-9a-f]{12}$/);
});

test('the same files hash the same, twice', () => {
  expect(directoryHash(directory)).toBe(directoryHash(directory));
});

test.each([
  ['a changed file', () => writeFileSync(path.join(directory, 'Dockerfile'), 'FROM other\n')],
  ['a new file', () => writeFileSync(path.join(directory, 'new'), '')],
  ['a lost executable bit', () => chmodSync(path.join(directory, 'bin', 'run'), 0o644)],
])('%s changes the hash', (_, change) => {
  const before = directoryHash(directory);
  change();
  expect(directoryHash(directory)).not.toBe(before);
});
