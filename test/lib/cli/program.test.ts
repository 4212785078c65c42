import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListCommandsCommand, ListDocumentsCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { runCli } from '../../../lib/cli/program';
import type { StackStatus } from '../../../lib/cli/stack-status';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV, notInterrupted, type FakeIo } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);

beforeEach(() => ssm.reset());

async function metals(line: string, env: NodeJS.ProcessEnv = LAB_ENV) {
  const io = fakeIo(env);
  const code = await runCli(line.split(' ').filter(Boolean), io, notInterrupted());
  return { code, out: io.out(), err: io.err() };
}

const documents = (...names: string[]) => documentsAre(ssm, ...names);

/** manager-1 is online and answers the next command like this. */
function managerAnswers(stdout: string, over: { status?: 'Success' | 'Failed'; stderr?: string } = {}) {
  managerTakesCommands(ssm);
  commandsEnd(ssm, over.status ?? 'Success', stdout, over.stderr);
}

test('help leads to the verb that is named, whole path', async () => {
  const [named, own] = [await metals('help secrets rotate'), await metals('secrets rotate --help')];
  expect(named).toMatchObject({ code: 0, out: own.out });
  expect(await metals('help')).toMatchObject({ code: 0, out: (await metals('--help')).out });
});

test('--version tells version and commit', async () => {
  expect(await metals('--version')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^metals \d+\.\d+\.\d+( \([0-9a-f]{7,}(-dirty)?\))?\n$/),
  });
});

describe('usage', () => {
  test.each([
    ['', 'metals needs a verb', ''],
    ['statsu', "unknown command 'statsu' (Did you mean status?)", ''],
    ['help statsu', "unknown command 'statsu' (Did you mean status?)", 'help '],
    ['help secrets rotat', "unknown command 'rotat' (Did you mean rotate?)", 'help '],
    ['help wholly-other', "unknown command 'wholly-other'", 'help '],
    ['smoketest', "unknown command 'smoketest' (Did you mean smoke-test?)", ''],
    ['status --sage lab', "unknown option '--sage' (Did you mean --stage?)", 'status '],
    ['status now', 'too many arguments', 'status '],
    ['--stage lab dlq list --all', "unknown option '--all'", 'dlq list '],
    ['completion tcsh', 'Allowed choices are bash, zsh, fish', 'completion '],
  ])('"%s" is a usage error that says what is meant', async (line, why, verb) => {
    const { code, out, err } = await metals(line);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(why);
    expect(err).toContain(`next:  ./bin/metals ${verb}--help\n`);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('a verb that needs another says which', async () => {
    const { code, err } = await metals('lab');
    expect(code).toBe(2);
    expect(err).toContain('why:   metals lab needs a verb\nnext:  ./bin/metals lab --help');
  });

  test('help goes to stdout and is no failure', async () => {
    const { code, out } = await metals('--help');
    expect(code).toBe(0);
    expect(out).toContain('smoke-test');
  });
});

describe('in a shell in which nothing says which AWS is meant', () => {
  const io = (): FakeIo => fakeIo({ METALS_COMMAND: 'metals' });
  const run = (line: string, to: FakeIo, lab: () => Record<string, string> | undefined) =>
    runCli(line.split(' '), to, notInterrupted(), lab);

  test('the lab is taken, and said; the next commands lead there', async () => {
    documents();
    const to = io();
    expect(await run('status --stage blue', to, () => LAB_ENV)).toBe(1);
    expect(to.env).toMatchObject(LAB_ENV);
    expect(to.err()).toContain('no other AWS is set in this shell: this is the lab, as after . .lab/env\n');
    expect(to.err()).toContain('next:  metals --stage blue deploy\n');
  });

  test('its stage may be another one', async () => {
    const to = fakeIo({ METALS_STAGE: 'green' });
    documents('metals-lab-stack-status');
    expect(await run('status', to, () => LAB_ENV)).toBe(1);
    expect(to.err()).toContain('why:   stage "green" is not deployed in the lab');
  });

  test('without a lab it asks for a region', async () => {
    const to = io();
    expect(await run('status', to, () => undefined)).toBe(2);
    expect(to.err()).toContain('why:   no region is set');
  });

  test('verbs of the lab itself do not look for it', async () => {
    const looked = jest.fn(() => LAB_ENV);
    expect(await run('completion bash', io(), looked)).toBe(0);
    expect(looked).not.toHaveBeenCalled();
  });
});

describe('status', () => {
  /** What the document emits about a Swarm on which all is well. */
  const answer = JSON.parse(readFileSync(join(__dirname, '../../documents/states/status.json'), 'utf8')) as StackStatus;

  test('one table on stdout, the rest on stderr', async () => {
    documents('metals-lab-stack-status');
    managerAnswers(JSON.stringify(answer));
    const { code, out, err } = await metals('status');
    expect(code).toBe(0);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/).filter(Boolean));
    expect(rows).toHaveLength(1 + answer.nodes.length + answer.services.length + 1);
    expect(rows[0]).toEqual(['name', 'role / mode', 'replicas', 'health', 'detail']);
    expect(rows[1]).toEqual(['node', 'manager-1', 'manager, leader', 'ready', '10.40.3.11, active, docker 25.0.14']);
    expect(rows).toContainEqual([
      'service',
      'producer',
      'replicated',
      '1/1',
      '1 healthy',
      'update completed, assets@00000000',
    ]);
    expect(err).toContain('stage lab, overlay encryption on');
  });

  test('--json prints exactly one value; unhealthy is exit code 3', async () => {
    documents('metals-lab-stack-status');
    managerAnswers(JSON.stringify({ ...answer, services: [{ ...answer.services[0], running: 2, healthy: 2 }] }));
    const { code, out } = await metals('status --json');
    expect(code).toBe(3);
    expect(parseBySchema('status', out)).toMatchObject({
      stage: 'lab',
      healthy: false,
      problems: ['service edge: 2 of 3 running, 2 healthy'],
    });
  });

  test('a stage that is not deployed names those that are, and nothing is sent', async () => {
    documents('metals-lab-stack-status', 'metals-blue-stack-status', 'metals-blue-smoke-test');
    const { code, err } = await metals('status --stage blu');
    expect(code).toBe(1);
    expect(err).toContain('stage "blu" is not deployed in the lab (http://127.0.0.1:4566); deployed: blue, lab');
    expect(err).toContain('next:  add --stage blue');
    expect(ssm.commandCalls(SendCommandCommand)).toHaveLength(0);
  });

  test('a document that fails is explained by its stderr', async () => {
    documents('metals-lab-stack-status');
    managerAnswers('', { status: 'Failed', stderr: 'stack-status: this node is not a manager' });
    const { code, err } = await metals('status --json');
    expect(code).toBe(1);
    expect(err).toContain('stack-status: this node is not a manager');
    expect(err).toContain('aws ssm get-command-invocation --command-id c-1 --instance-id i-1 --region eu-west-1');
  });

  test('with --json an error is the one JSON value', async () => {
    documents();
    const { code, out } = await metals('status --json');
    expect(code).toBe(1);
    expect(parseBySchema('error', out)).toEqual({
      error: {
        code: 'not-deployed',
        what: 'the status could not be read',
        why: 'no stage is deployed in the lab (http://127.0.0.1:4566): there is no document metals-lab-stack-status',
        next: ['npm run lab'],
        exitCode: 1,
      },
    });
  });

  test('DEBUG shows where it happened', async () => {
    ssm.on(ListDocumentsCommand).rejects(new Error('boom'));
    expect((await metals('status', { ...LAB_ENV, DEBUG: '1' })).err).toMatch(/caused by Error: boom\n\s+at /);
    expect((await metals('status')).err).not.toMatch(/\n\s+at /);
  });
});

describe('smoke-test', () => {
  const lines = (count: number, bad?: number) =>
    Array.from({ length: count }, (_, index) =>
      JSON.stringify({
        step: index + 1,
        name: `step ${index + 1}`,
        ok: index + 1 !== bad,
        value: 'v',
        duration_ms: 5,
        error: index + 1 === bad ? 'refused' : null,
      }),
    ).join('\n');

  test('seven steps ok', async () => {
    documents('metals-lab-smoke-test');
    managerAnswers(lines(7));
    const { code, out, err } = await metals('smoke-test');
    expect(code).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(8);
    expect(err).toContain('passed: 7 of 7 steps ok');
  });

  test('a failed step is exit code 3, with its reason and the next command', async () => {
    documents('metals-lab-smoke-test');
    managerAnswers(lines(2, 2), { status: 'Failed', stderr: 'smoke-test: MongoDB does not answer' });
    const { code, out, err } = await metals('smoke-test');
    expect(code).toBe(3);
    expect(out).toMatch(/step 2 +FAILED +v: refused/);
    expect(err).toContain('FAILED: 1 of 7 steps ok');
    expect(err).toContain('smoke-test: MongoDB does not answer');
    expect(err).toContain('next: ./bin/metals status');
    expect(parseBySchema('smoke-test', (await metals('smoke-test --json')).out)).toMatchObject({ passed: false });
  });

  test('the next command reaches the same stage', async () => {
    documents('metals-blue-smoke-test');
    managerAnswers(lines(2, 2), { status: 'Failed' });
    expect((await metals('smoke-test --stage blue')).err).toContain('next: ./bin/metals --stage blue status\n');
    managerAnswers('{"step":');
    expect((await metals('smoke-test --stage blue')).err).toContain(
      'next:  ./bin/metals --stage blue deploy    # brings document and command line to the same version\n',
    );
  });

  test('before a deploy: says so, sends nothing', async () => {
    documents();
    const { code, err } = await metals('smoke-test');
    expect(code).toBe(1);
    expect(err).toContain('error: the smoke test did not run [not-deployed]\nwhy:   no stage is deployed in the lab');
    expect(err).toContain('next:  npm run lab');
    expect(ssm.commandCalls(SendCommandCommand)).toHaveLength(0);
  });

  test('nodes without the stack: the document says why', async () => {
    documents('metals-lab-smoke-test');
    managerAnswers('', { status: 'Failed', stderr: 'smoke-test: the stack metals is not deployed' });
    const { code, err } = await metals('smoke-test');
    expect(code).toBe(1);
    expect(err).toContain('the stack metals is not deployed');
    expect(err).toContain('next:  npm run lab');
  });
});

test('Ctrl-C: exit code 130 with what is left and how to go on', async () => {
  documents('metals-lab-smoke-test');
  managerAnswers('');
  ssm.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'InProgress' }] });
  const controller = new AbortController();
  const io = fakeIo(LAB_ENV);
  jest.useFakeTimers();
  const running = runCli(['smoke-test'], io, { signal: controller.signal, exitCode: () => 130 });
  await jest.advanceTimersByTimeAsync(3000);
  controller.abort();
  await jest.advanceTimersByTimeAsync(6000);
  jest.useRealTimers();
  expect(await running).toBe(130);
  expect(io.err()).toContain('interrupted\n  smoke-test goes on by itself on i-1 (command c-1)');
  expect(io.err()).toContain('aws ssm cancel-command --command-id c-1 --region eu-west-1');
});

test.each(['bash', 'zsh', 'fish'])('completion of %s knows every verb, flag and value', async (shell) => {
  const { code, out } = await metals(`completion ${shell}`);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^deploy:--yes --dry-run --no-preflight --no-rollback --context --stage .* --json --no-color --version --help$/m,
  );
  expect(out).toMatch(/^completion:bash zsh fish /m);
  expect(out).toMatch(/^ --region:.* eu-west-1 /m);
  expect(out).toMatch(/^ --stage:$/m);
  expect(out).toMatch(/^deploy -c:.* egress=endpoints .* workers= /m);
  expect(out).toMatch(/^dlq list --reason:.*\bnot-json\b/m);
  expect(out).toMatch(/^secrets rotate:.*\bapi-key\b/m);
  expect(out).not.toContain('METALS_COMPLETION_TABLE');
});
