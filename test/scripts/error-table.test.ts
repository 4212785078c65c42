import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERRORS } from '../../lib/cli/error-codes';
import { REPOSITORY } from '../../lib/repository';
import { ERRORS_FILE as FILE, errorsPage } from '../../scripts/error-table';

const text = readFileSync(FILE, 'utf8');

test('docs/errors.md is what the codes say', () => {
  expect(text).toBe(errorsPage());
});

test('each link leads somewhere', () => {
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, file, anchor] of links) {
    const path = join(dirname(FILE), file!);
    expect(existsSync(path)).toBe(true);
    const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    if (anchor !== undefined) expect(headings).toContain(anchor);
  }
});

test('each code is in use', () => {
  const used = execFileSync(
    'git',
    ['grep', '-hE', "'[a-z-]+'", '--', 'lib/cli', 'lib/preflight', ':!lib/cli/error-codes.ts'],
    {
      cwd: REPOSITORY,
      encoding: 'utf8',
    },
  );
  expect(Object.keys(ERRORS).filter((code) => !used.includes(`'${code}'`))).toEqual([]);
});
