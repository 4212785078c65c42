/** What is typed, what is sent, and what is told of maintenance. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { parse } from 'yaml';
import { maintenance, type MaintenanceOptions } from '../../../lib/cli/commands/maintenance';
import { readContext } from '../../../lib/cli/context';
import { REPOSITORY } from '../../../lib/repository';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
let asked: Record<string, string[]>[];

beforeEach(() => {
  ssm.reset();
  asked = [];
  documentsAre(ssm, 'metals-lab-edge-maintenance');
  managerTakesCommands(ssm, (parameters) => asked.push(parameters));
});

async function run(options: MaintenanceOptions, json = false) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const result = await maintenance(context, options).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

const LONG = `a${'b'.repeat(200)}`;
const REFUSED = [
  '',
  ' blank first',
  'a "quote"',
  "it's",
  'back\\slash',
  '$(id)',
  '${HOME}',
  '`id`',
  'two\nlines',
  'ümlaut',
  '100%',
  '{}',
  LONG,
];

test.each<[MaintenanceOptions, string]>([
  [{ state: 'now' }, 'got "now", expected on or off'],
  [{ state: 'off', message: 'x' }, '--message goes with on'],
  [{ message: 'x' }, '--message goes with on'],
  ...REFUSED.map((message): [MaintenanceOptions, string] => [
    { state: 'on', message },
    '--message: expected 1 to 200 letters, digits, spaces and .,:;/@_+- with a letter or digit first',
  ]),
])('%j is refused before anything is sent', async (options, why) => {
  expect((await run(options)).error).toMatchObject({ why, exitCode: 2 });
  expect(asked).toEqual([]);
});

test('the document, and the edge itself, allow no more', () => {
  const file = readFileSync(join(REPOSITORY, 'assets/documents/edge-maintenance/document.yml'), 'utf8');
  const { Message } = (parse(file) as { parameters: { Message: { allowedPattern: string; default: string } } })
    .parameters;
  const allows = (value: string): boolean => new RegExp(Message.allowedPattern).test(value);
  expect(REFUSED.filter(allows)).toEqual([]);
  expect(
    [Message.default, 'back at 14:00 UTC, see https://example.org/a_b+c;d @ops - sorry.', LONG.slice(1)].every(allows),
  ).toBe(true);
});

test('on: what events are answered, and how to end it', async () => {
  commandsEnd(ssm, 'Success', '{"changed":true,"message":"back at 14:00 UTC"}');
  const { code, err } = await run({ state: 'on', message: 'back at 14:00 UTC' });
  expect(code).toBe(0);
  expect(asked[0]).toMatchObject({ State: ['on'], Message: ['back at 14:00 UTC'], TimeoutSeconds: ['900'] });
  expect(err).toContain(
    'under maintenance: POST /produce is answered 503 with "back at 14:00 UTC"; what was accepted before is stored',
  );
  expect(err).toContain('next: ./bin/metals maintenance off');
});

test('off, and nothing: what it is then', async () => {
  commandsEnd(ssm, 'Success', '{"changed":false,"message":null}');
  expect((await run({ state: 'off' })).err).toContain('events are taken; it was so already');
  expect((await run({})).err).toMatch(/events are taken$/m);
  expect(asked.map(({ State }) => State)).toEqual([['off'], ['ask']]);
  expect(asked[1]).not.toHaveProperty('Message');
});

test('--json is one value by its schema', async () => {
  commandsEnd(ssm, 'Success', '{"changed":true,"message":"later"}');
  const { out } = await run({ state: 'on' }, true);
  expect(parseBySchema('maintenance', out)).toEqual({
    stage: 'lab',
    maintenance: true,
    changed: true,
    message: 'later',
  });
});

test('an edge that did not change is a failure', async () => {
  commandsEnd(ssm, 'Failed', '', 'error: not every edge has the change within 900 s: edge 2/3\n');
  expect((await run({ state: 'on' })).error).toMatchObject({
    code: 'document-failed',
    why: expect.stringContaining('edge 2/3'),
  });
});
