import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { cdkArguments, destroy, type DestroyOptions } from '../../../lib/cli/commands/destroy';
import { readContext } from '../../../lib/cli/context';
import type { CliError } from '../../../lib/cli/errors';
import type { StageContents } from '../../../lib/cli/stage-contents';
import { fakeIo, LAB_ENV } from './fake-io';
import { LAB, NOTHING } from './stages';
import { parseBySchema } from './schemas';

mockClient(SSMClient);

interface Run {
  readonly options?: DestroyOptions;
  readonly answer?: string;
  readonly isTTY?: boolean;
  readonly json?: boolean;
  /** What there is, each time it is looked. */
  readonly seen?: readonly StageContents[];
  readonly code?: number;
}

async function run({ options = {}, answer = '', isTTY = true, json, seen = [LAB, NOTHING], code = 0 }: Run) {
  const io = fakeIo(LAB_ENV, isTTY);
  const context = readContext({ color: false, json }, io, new AbortController().signal);
  const left = [...seen];
  const [questions, ran]: [string[], string[][]] = [[], []];
  const surroundings = {
    read: () => Promise.resolve(left.length > 1 ? left.shift()! : left[0]!),
    runCdk: (args: readonly string[]) => {
      ran.push([...args]);
      return Promise.resolve(code);
    },
    pauseMs: 0,
    ask: (question: string) => {
      questions.push(question);
      return Promise.resolve(answer);
    },
  };
  const result = await destroy(context, options, surroundings).catch((error: CliError) => error);
  return { result, questions, ran, out: io.out(), err: io.err(), left };
}

test('asks for the name of the stage, after it has told what is lost', async () => {
  const { result, questions, ran, out, err } = await run({ answer: 'lab' });
  expect(result).toBe(0);
  expect(questions).toEqual([
    'stage lab: the 7 things marked LOST cannot be brought back. To go on, type the name of the stage:',
  ]);
  expect(ran).toEqual([
    'destroy metals-lab-pipeline metals-lab-swarm metals-lab-network metals-lab-data --force --context stage=lab'.split(
      ' ',
    ),
  ]);
  expect(out).toMatch(/LOST {5}worker-2, 20 GiB: MongoDB's prices\n/);
  expect(err).toMatch(/looked for afterwards: of stage lab nothing is left/);
});

test.each(['yes', 'prod', ''])('does not begin when the answer is %j', async (answer) => {
  const { result, ran } = await run({ answer });
  expect(ran).toEqual([]);
  expect(result).toMatchObject({ code: 'declined', why: 'the answer was not lab' });
});

test('asks nobody who cannot answer, before it looks', async () => {
  const { result, left, ran } = await run({ isTTY: false });
  expect(result).toMatchObject({ code: 'unconfirmed' });
  expect([left.length, ran]).toEqual([2, []]);
});

test('--dry-run changes nothing', async () => {
  const { result, questions, ran, err } = await run({ options: { dryRun: true }, isTTY: false });
  expect([result, questions, ran]).toEqual([0, [], []]);
  expect(err).toMatch(/nothing was changed\n$/);
});

test('--json prints one value', async () => {
  const { out, questions } = await run({ options: { yes: true }, json: true, isTTY: false });
  expect(parseBySchema('destroy', out)).toMatchObject({ stage: 'lab', dryRun: false });
  expect(questions).toEqual([]);
});

test('with --json, too, what is lost is told before the question', async () => {
  const { err, out, questions } = await run({ json: true, answer: 'lab' });
  expect(err).toMatch(/LOST {5}worker-2, 20 GiB: MongoDB's prices\n/);
  expect(questions).toHaveLength(1);
  expect(() => parseBySchema('destroy', out)).not.toThrow();
});

test('what AWS lists for a while after it has gone is waited for', async () => {
  const late = { ...NOTHING, secrets: LAB.secrets };
  const { result, left } = await run({ options: { yes: true }, seen: [LAB, late, late, NOTHING] });
  expect([result, left.length]).toEqual([0, 1]);
});

test('a second time there is nothing', async () => {
  const { result, ran, questions, err } = await run({ seen: [NOTHING] });
  expect([result, ran, questions]).toEqual([0, [], []]);
  expect(err).toMatch(/there is nothing of stage lab in eu-west-1/);
});

test('what is left by an earlier stage is told with the command that removes it', async () => {
  const { result, err } = await run({ seen: [{ ...NOTHING, volumes: LAB.volumes.slice(0, 1) }] });
  expect(result).toBe(0);
  expect(err).toContain(
    `volume ${LAB.volumes[0]!.id} stays; to remove it: aws --region eu-west-1 ec2 delete-volume --volume-id ${LAB.volumes[0]!.id}`,
  );
});

test('a stack that is being changed is not taken away meanwhile', async () => {
  const busy = { ...LAB.stacks[0]!, status: 'UPDATE_IN_PROGRESS' };
  const { result, ran } = await run({ seen: [{ ...LAB, stacks: [busy] }], options: { yes: true } });
  expect(ran).toEqual([]);
  expect(result).toMatchObject({
    code: 'refused',
    why: `${busy.name} is UPDATE_IN_PROGRESS: another operation is under way`,
  });
});

test('one that is being deleted is gone on with', async () => {
  const half = { ...LAB.stacks[0]!, status: 'DELETE_IN_PROGRESS' };
  const { result, ran } = await run({ seen: [{ ...NOTHING, stacks: [half] }, NOTHING], options: { yes: true } });
  expect([result, ran.length]).toEqual([0, 1]);
});

test('a failure of the CDK names the same command and where the reason is', async () => {
  const { result } = await run({ options: { yes: true, context: ['workers=3'] }, code: 1 });
  expect(result).toMatchObject({
    code: 'deployment-failed',
    next: [
      './bin/metals destroy --context workers=3    # goes on where it stopped',
      expect.stringContaining('--stack-name metals-lab-pipeline'),
    ],
  });
});

test('where the CDK stopped is looked up', async () => {
  const stuck = {
    ...LAB,
    stacks: LAB.stacks.map((all) => ({ ...all, status: all.name.endsWith('network') ? 'DELETE_FAILED' : all.status })),
  };
  const { result } = await run({ options: { yes: true }, seen: [LAB, stuck], code: 1 });
  expect((result as CliError).next[1]).toContain('--stack-name metals-lab-network ');
});

test('what was left behind is an error that names it', async () => {
  const after = { ...NOTHING, volumes: LAB.volumes.slice(0, 1), logGroups: LAB.logGroups };
  const { result } = await run({ options: { yes: true }, seen: [LAB, after] });
  expect(result).toMatchObject({
    code: 'left-behind',
    why: `volume ${LAB.volumes[0]!.id} (manager-1, 20 GiB)\nlog group /metals/lab/documents (full output of all documents)`,
    next: [
      `aws ec2 delete-volume --volume-id ${LAB.volumes[0]!.id}`,
      'aws logs delete-log-group --log-group-name /metals/lab/documents',
    ],
  });
});

test('the CDK is told profile and settings', () => {
  const plan = { stacks: ['metals-blue-network'], items: [] };
  expect(cdkArguments({ stage: 'blue', profile: 'work' }, plan, { context: ['amiId=ami-1'] }).join(' ')).toBe(
    'destroy metals-blue-network --force --context stage=blue --context amiId=ami-1 --profile work',
  );
});
