import * as digests from '../../../lib/base-digests';
import { images } from '../../../lib/cli/commands/images';
import { readContext } from '../../../lib/cli/context';
import type { TryProgram } from '../../../lib/program';
import { fakeIo } from './fake-io';
import { parseBySchema } from './schemas';

jest.mock('../../../lib/base-digests', () => ({
  ...jest.requireActual<typeof digests>('../../../lib/base-digests'),
  readBaseDigests: jest.fn(),
  writeBaseDigests: jest.fn(),
}));

const [OLD, NEW] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const stored = jest.mocked(digests.readBaseDigests);
const written = jest.mocked(digests.writeBaseDigests);
/** Docker with a registry that has everything, but not what is `missing`. */
const docker =
  (missing?: string): TryProgram =>
  (_program, args) => {
    const reference = args.at(-1)!;
    if (reference === missing) return Promise.resolve({ succeeded: false, stdout: '', problem: 'toomanyrequests' });
    const stdout = args[0] === 'image' ? JSON.stringify([`${reference.replace(/:[^:]+$/, '')}@${NEW}`]) : '';
    return Promise.resolve({ succeeded: true, stdout, problem: '' });
  };
const never: TryProgram = () => Promise.reject(new Error('docker must not run'));

beforeEach(() => {
  stored.mockReset().mockReturnValue({ 'mongo:8.0': OLD });
  written.mockReset();
});

function run(options: object, program: TryProgram, global: object = {}) {
  const io = fakeIo({ AWS_REGION: 'eu-west-1' });
  const context = readContext({ color: true, ...global }, io, new AbortController().signal);
  return { result: images(context, options, program), io };
}

test('shows which are not pinned, without Docker', async () => {
  const { result, io } = run({}, never);
  expect(await result).toBe(0);
  expect(io.out()).toMatch(new RegExp(`mongo:8\\.0\\s+${OLD}`));
  expect(io.out()).toMatch(/haproxy:3\.0\s+not pinned/);
  expect(io.err()).toContain('6 not pinned');
});

test('--update pins all and says what follows', async () => {
  const { result, io } = run({ update: true }, docker());
  expect(await result).toBe(0);
  expect(written.mock.calls[0]![0]).toMatchObject({ 'mongo:8.0': NEW, 'haproxy:3.0': NEW });
  expect(io.err()).toContain('lib/base-digests.json is written');
});

test('a registry that refuses one: the others are pinned, that one stays as it was, and it fails with the reason', async () => {
  const { result } = run({ update: true }, docker('mongo:8.0'));
  await expect(result).rejects.toMatchObject({ why: 'mongo:8.0: toomanyrequests', exitCode: 1 });
  expect(written.mock.calls[0]![0]).toMatchObject({ 'mongo:8.0': OLD, 'node:22-slim': NEW });
});

test('a registry that cannot be reached changes nothing', async () => {
  const refuse: TryProgram = () => Promise.resolve({ succeeded: false, stdout: '', problem: 'no such host' });
  const { result, io } = run({ update: true }, refuse, { json: true });
  expect(await result).toBe(1);
  expect(written).not.toHaveBeenCalled();
  expect(parseBySchema('images', io.out())).toMatchObject({
    changed: [],
    problems: expect.arrayContaining(['mongo:8.0: no such host']),
  });
});
