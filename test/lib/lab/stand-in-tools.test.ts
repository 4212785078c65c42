import { standInProblem } from '../../../lib/lab/stand-in-tools';

const GOOD = { platform: 'linux', root: true, debootstrap: true } as const;

test.each([
  [{ ...GOOD, platform: 'darwin' as const }, 'can be built on Linux only: this is darwin', 'docker pull'],
  [{ ...GOOD, root: false }, 'needs root (debootstrap): this user is not root', 'sudo npm run lab'],
  [{ ...GOOD, debootstrap: false }, 'needs debootstrap: not found', 'apt-get install --yes debootstrap'],
])('%j', (tools, message, next) => {
  const problem = standInProblem(tools);
  expect(problem?.message).toContain(message);
  expect(problem?.next[0]).toContain(next);
});

test('a Linux machine with root and debootstrap can build them', () => {
  expect(standInProblem(GOOD)).toBeUndefined();
});
