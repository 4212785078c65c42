import { PRICES } from '../../../lib/cost';
import { runCli } from '../../../lib/cli/program';
import { fakeIo, LAB_ENV, notInterrupted } from './fake-io';
import { parseBySchema } from './schemas';

async function cost(line: string, env: NodeJS.ProcessEnv = {}) {
  const io = fakeIo(env);
  const code = await runCli(['cost', ...line.split(' ').filter(Boolean)], io, notInterrupted());
  return { code, out: io.out(), err: io.err() };
}

interface Answer {
  readonly dollarsPerMonth: number;
  readonly parts: readonly { readonly dollarsPerMonth: number }[];
  readonly changes: readonly { readonly setting: string; readonly dollarsPerMonth: number }[];
}

const answer = async (line: string): Promise<Answer> =>
  parseBySchema('cost', (await cost(`${line} --json`)).out) as Answer;

test('parts, their sum, and what would change it, without asking AWS', async () => {
  const { code, out, err } = await cost('');
  expect(code).toBe(0);
  expect(out).toMatch(/^3 × t3\.medium +91\.10$/m);
  expect(out).toMatch(/^together +138\.40$/m);
  expect(out).toMatch(/^egress=nat-instance +-\d+\.\d\d$/m);
  expect(err).toContain(`list prices of us-east-1, as of ${PRICES.readIn}`);
});

test('each change is the difference that a deployment with it makes', async () => {
  const now = await answer('');
  expect(now.changes.length).toBeGreaterThan(5);
  for (const { setting, dollarsPerMonth } of now.changes) {
    const then = await answer(`--context ${setting}`);
    expect(then.dollarsPerMonth - now.dollarsPerMonth).toBeCloseTo(dollarsPerMonth, 1);
  }
  const sizes = now.changes.map((change) => Math.abs(change.dollarsPerMonth));
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
});

test('what a setting excludes is not offered', async () => {
  const { changes } = await answer('--context workers=1');
  const settings = changes.map((change) => change.setting);
  expect(settings).not.toContain('workers=0');
  expect(settings).toContain('workers=2');
});

test('in the lab it says that the lab costs nothing', async () => {
  expect((await cost('', LAB_ENV)).err).toContain('the lab costs nothing');
});

test('the price of another instance type is not guessed', async () => {
  const { code, out, err } = await cost('--context instanceType=m7i.large');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('why:   the price of m7i.large is not known here, but those of t3.medium,');
  expect(err).toContain('next:  ./bin/metals cost --context instanceType=t3.large');
});

test.each([
  ['--context workers=99', 'workers: got "99", expected a whole number from 1 to 20'],
  ['--context workers', '--context: got "workers", expected key=value'],
])('%s is a usage error', async (line, why) => {
  const { code, err } = await cost(line);
  expect(code).toBe(2);
  expect(err).toContain(why);
});
