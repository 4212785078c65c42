import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pinImage, readPinnedImages } from '../../lib/machine-images';

const image = (imageId: string) => ({ imageId, name: 'al2023', readAt: '2026-11-26' });
let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'metals-images-'));
  file = path.join(directory, 'images.json');
  writeFileSync(file, '{}\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a pinned image is read again; another region stays', () => {
  pinImage('us-east-1', image('ami-00000000000000001'), file);
  pinImage('eu-west-1', image('ami-00000000000000002'), file);
  pinImage('us-east-1', image('ami-00000000000000003'), file);
  expect(readPinnedImages(file)['us-east-1']?.imageId).toBe('ami-00000000000000003');
  expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object)).toEqual(['eu-west-1', 'us-east-1']);
});

test.each([
  [{ 'eu-west-1': { ...image('ami-1'), imageId: 'latest' } }, 'eu-west-1.imageId'],
  [{ Ireland: image('ami-00000000000000001') }, 'Ireland'],
  [{ 'eu-west-1': { imageId: 'ami-00000000000000001' } }, 'eu-west-1.name'],
])('%j is refused, with the place', (content, where) => {
  writeFileSync(file, JSON.stringify(content));
  expect(() => readPinnedImages(file)).toThrow(`lib/machine-images.json: ${where}`);
});

test('the file of the repository is valid', () => expect(() => readPinnedImages()).not.toThrow());
