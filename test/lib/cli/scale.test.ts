/** What is typed, what is sent, and what is told of numbers of replicas. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { parse } from 'yaml';
import { notesOf, replicasParameter, scale } from '../../../lib/cli/commands/scale';
import { readContext } from '../../../lib/cli/context';
import { RULES } from '../../../lib/config-rules';
import { REPOSITORY } from '../../../lib/repository';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
let asked: string[];

beforeEach(() => {
  ssm.reset();
  asked = [];
  documentsAre(ssm, 'metals-lab-service-scale');
  managerTakesCommands(ssm, ({ Replicas, DryRun, TimeoutSeconds }) =>
    asked.push(`${Replicas} ${DryRun} ${TimeoutSeconds}`),
  );
});

async function run(
  numbers: string[],
  { json = false, dryRun = false, timeout = undefined as string | undefined } = {},
) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true, timeout }, io, new AbortController().signal);
  const result = await scale(context, { numbers, dryRun }).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

describe('what was typed', () => {
  test('is what the document takes', () => {
    expect(replicasParameter(['producer=5', 'processor=3'])).toBe('producer=5,processor=3');
    expect(replicasParameter([])).toBeUndefined();
  });

  test.each([
    ['producer=-1', 'producer: got "-1", expected a whole number from 1 to 10'],
    ['producer=0', 'producer: got "0", expected a whole number from 1 to 10'],
    ['producer=1e9', 'producer: got "1e9", expected a whole number from 1 to 10'],
    ['producer=NaN', 'producer: got "NaN", expected a whole number from 1 to 10'],
    ['producer=5.0', 'producer: got "5.0", expected a whole number from 1 to 10'],
    ['producer=5\n', 'producer: got "5\n", expected a whole number from 1 to 10'],
    ['producer=٥', 'producer: got "٥", expected a whole number from 1 to 10'],
    ['producer=$(id)', 'producer: got "$(id)", expected a whole number from 1 to 10'],
    ['producer=', 'producer: got "", expected a whole number from 1 to 10'],
    ['processor=7', 'processor: got "7", expected a whole number from 1 to 5'],
    ['producer', 'got "producer", expected SERVICE=NUMBER'],
    ['producer=1=2', 'got "producer=1=2", expected SERVICE=NUMBER'],
    ['producre=2', '"producre" is no service that can be scaled; did you mean "producer"?'],
    ['kafka-2=3', 'kafka-2 cannot be scaled: Kafka has one broker or three, each with a volume of its own'],
    [
      'mongodb=2',
      'mongodb cannot be scaled: MongoDB is one task, on the volume of its slot; docs/growing.md says what grows past it',
    ],
    ['edge=2', 'edge cannot be scaled: the edge runs once on every node'],
  ])('%j is refused before anything is sent', async (number, why) => {
    expect((await run([number])).error).toMatchObject({ why, exitCode: 2 });
    expect(asked).toEqual([]);
  });

  test('one service twice is refused', async () => {
    expect((await run(['producer=2', 'producer=3'])).error?.why).toBe('producer is given twice');
  });

  test('the document allows what the configuration does, and nothing else', () => {
    const file = readFileSync(join(REPOSITORY, 'assets/documents/service-scale/document.yml'), 'utf8');
    const { allowedPattern } = (parse(file) as { parameters: { Replicas: { allowedPattern: string } } }).parameters
      .Replicas;
    const allows = (value: string): boolean => new RegExp(allowedPattern).test(value);
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    for (const [name, rule] of [
      ['producer', RULES.producerReplicas],
      ['processor', RULES.processorReplicas],
    ] as const)
      expect(numbers.filter((n) => allows(`${name}=${n}`))).toEqual(
        numbers.filter((n) => rule.schema.safeParse(n).success),
      );
    expect(['none', 'producer=5,processor=3', 'processor=1,producer=10'].every(allows)).toBe(true);
    expect(['', 'producer=5,', 'kafka=1', 'producer=5;id', 'producer=5\n', 'none,producer=1'].some(allows)).toBe(false);
  });
});

const ANSWER =
  '{"scaled":true,"services":[{"name":"processor","from":1,"to":4,"deployed":1},{"name":"producer","from":2,"to":5,"deployed":2}]}';

test('numbers before and after, and what they mean', async () => {
  commandsEnd(ssm, 'Success', ANSWER);
  const { code, out, err } = await run(['producer=5', 'processor=4']);
  expect(code).toBe(0);
  expect(asked).toEqual(['producer=5,processor=4 false 300']);
  expect(out).toMatch(/service +replicas +deployed as\nprocessor +1 → 4 +1\nproducer +2 → 5 +2\n/);
  expect(err).toContain(
    'note: 6 partitions are not shared evenly by 4 processors: 2 of them read 2 each, 2 read 1; 1, 2, 3, 6 share them evenly',
  );
  expect(err).toContain(
    'note: deployments keep producer=5 until the configuration says another number than 2; to make it permanent: ./bin/metals deploy --context producerReplicas=5, or producerReplicas in cdk.json',
  );
  expect(err).toMatch(/all replicas are healthy, \d+ s after the command/);
});

test('--dry-run only looks for room, and no number at all asks what they are', async () => {
  commandsEnd(ssm, 'Success', ANSWER.replace('true', 'false'));
  const { err } = await run(['producer=5'], { dryRun: true });
  expect(err).toContain('there is room; nothing was changed');
  expect(err).not.toContain('deployments keep');
  expect((await run([])).err).not.toContain('changed');
  expect(asked).toEqual(['producer=5 true 300', 'none true 300']);
});

test('what is so already is said', async () => {
  commandsEnd(ssm, 'Success', '{"scaled":false,"services":[{"name":"producer","from":2,"to":2,"deployed":2}]}');
  const { out, err } = await run(['producer=2'], { timeout: '40s' });
  expect(asked).toEqual(['producer=2 false 40']);
  expect(out).toMatch(/producer +2 +2\n/);
  expect(err).toContain('it is so already: nothing was changed');
  expect(err).not.toContain('note:');
});

test('--json is one value by its schema', async () => {
  commandsEnd(ssm, 'Success', ANSWER);
  const { out } = await run(['producer=5', 'processor=4'], { json: true });
  expect(parseBySchema('scale', out)).toMatchObject({
    stage: 'lab',
    ...JSON.parse(ANSWER),
    notes: [expect.any(String), expect.any(String), expect.any(String)],
  });
});

test('no room: what the node said, and nothing of success', async () => {
  commandsEnd(
    ssm,
    'Failed',
    '',
    'service producer: no room\nerror: the Swarm has no room for producer=10; nothing was changed\n',
  );
  const { error } = await run(['producer=10']);
  expect(error).toMatchObject({
    code: 'document-failed',
    why: expect.stringContaining('the Swarm has no room for producer=10'),
  });
});

test('every number of processors that divides the partitions has no note of uneven shares', () => {
  const uneven = [1, 2, 3, 4, 5].filter(
    (to) => notesOf({ scaled: true, services: [{ name: 'processor', from: to, to, deployed: to }] }).length > 0,
  );
  expect(uneven).toEqual([4, 5]);
});
