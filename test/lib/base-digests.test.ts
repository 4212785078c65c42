import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { digestOf, pinnedReference, readBaseDigests, writeBaseDigests } from '../../lib/base-digests';

const DIGEST = `sha256:${'a'.repeat(64)}`;
let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'metals-digests-'));
  file = path.join(directory, 'digests.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('digests are written in order and read again; one that is none is refused with its place', () => {
  writeBaseDigests({ 'node:22-slim': DIGEST, 'haproxy:3.0': DIGEST }, file);
  expect(readBaseDigests(file)).toEqual({ 'haproxy:3.0': DIGEST, 'node:22-slim': DIGEST });
  expect(readFileSync(file, 'utf8').indexOf('haproxy')).toBeLessThan(readFileSync(file, 'utf8').indexOf('node'));
  writeFileSync(file, JSON.stringify({ 'mongo:8.0': 'latest' }));
  expect(() => readBaseDigests(file)).toThrow('lib/base-digests.json: mongo:8.0');
});

test('a reference is pinned by its digest, if there is one', () => {
  expect(pinnedReference('mongo:8.0', { 'mongo:8.0': DIGEST })).toBe(`mongo:8.0@${DIGEST}`);
  expect(pinnedReference('mongo:8.0', {})).toBe('mongo:8.0');
});

test.each([
  ['mongo:8.0', [`mongo@${DIGEST}`], DIGEST],
  ['apache/kafka:4.3.1', [`example/other@${DIGEST}`, `apache/kafka@${DIGEST}`], DIGEST],
  ['apache/kafka:4.3.1', [`docker.io/apache/kafka@${DIGEST}`], DIGEST],
  ['mongo:8.0', [`example/mongo@${DIGEST}`], undefined],
  ['mongo:8.0', [], undefined],
])('digest of %s among %j', (reference, repoDigests, expected) =>
  expect(digestOf(reference, repoDigests)).toBe(expected),
);

test('the file of the repository is valid', () => expect(() => readBaseDigests()).not.toThrow());
