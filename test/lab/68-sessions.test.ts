/** Sessions, as operators use them instead of SSH: through the real plugin, to a shell, a task and the ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { DescribeSessionsCommand, SSMClient, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { PRODUCER_PORT } from '../../lib/contract';
import { UuidV7Generator } from '../../services/common/uuid';
import { instanceOfSlot } from './support/instances';
import { inNode, manager, tryInNode } from './support/nodes';
import { http, mustBeStored } from './support/pipeline';
import { eventually, metals, ROOT, run, tryRun } from './support/run';
import { apiKey, stage } from './support/secrets';
import { inFullRun } from './support/sequences';

jest.setTimeout(300_000);

const ssm = new SSMClient({});
let child: ChildProcess | undefined;
let shown = '';

// AWS's package is not to be had everywhere; this is the same program, out of its source.
beforeAll(async () => void (await run('scripts/build-session-plugin', [])));
afterEach(async () => {
  // However a test ended, nothing of it goes on: told to end, it ends its sessions, too.
  const left = child;
  child = undefined;
  if (left?.exitCode !== null || left.signalCode !== null) return;
  const closed = once(left, 'close');
  left.kill('SIGINT');
  const kill = setTimeout(() => left.kill('SIGKILL'), 8_000);
  await closed;
  clearTimeout(kill);
});

/** The command on a terminal of its own. In place of a shell: after Ctrl-C dash ends with 130, whatever the command says. */
function onTerminal(command: string): void {
  start('script', ['-qec', `exec ${command}`, '/dev/null']);
}

function start(program: string, args: readonly string[]): void {
  shown = '';
  child = spawn(program, args, { cwd: ROOT, stdio: 'pipe' });
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (shown += text));
}

const isShown = (text: string | RegExp, seconds = 30): Promise<unknown> =>
  eventually(`"${text}" to be shown`, seconds, async () => (new RegExp(text).test(shown) ? undefined : shown));

const activeSessions = async (): Promise<string[]> =>
  ((await ssm.send(new DescribeSessionsCommand({ State: 'Active' }))).Sessions ?? []).map(
    ({ SessionId }) => SessionId!,
  );

const noneIsLeft = (): Promise<unknown> =>
  eventually('no session', 20, async () => {
    const left = await activeSessions();
    return left.length === 0 ? undefined : left.join();
  });

test('a shell is that of a user who may become root, and Ctrl-C is for what runs there', async () => {
  onTerminal('bin/metals shell worker-1');
  await isShown('\\$ $');
  child!.stdin!.write('id -un; sudo -n id -un; cat /etc/metals/node.env; sleep 100\n');
  await isShown('ssm-user\\r*\\nroot\\r*\\n');
  child!.stdin!.write('\x03');
  // What is typed before it arrives goes with it.
  await isShown('\\^C');
  child!.stdin!.write('echo still-$((40+2))\n');
  await isShown('still-42');
  child!.stdin!.write('exit\n');
  const [code] = (await once(child!, 'close')) as [number];
  expect(code).toBe(0);
  expect(shown).toContain('Exiting session with sessionId');
  await noneIsLeft();
});

test('a session that is terminated leaves no process on its node', async () => {
  onTerminal('bin/metals shell worker-1');
  await isShown('\\$ $');
  const { container: node } = await instanceOfSlot(stage(), 'worker-1');
  expect((await tryInNode(node, ['pgrep', '-u', 'ssm-user'])).code).toBe(0);
  for (const SessionId of await activeSessions()) await ssm.send(new TerminateSessionCommand({ SessionId }));
  await once(child!, 'close');
  await eventually('no process of the session', 20, async () => {
    const left = await tryInNode(node, ['pgrep', '-a', '-u', 'ssm-user']);
    return left.code === 1 ? undefined : left.stdout;
  });
});

test('a command in a task: its lines and its exit code', async () => {
  const program = 'console.log("one two\\n"); console.log(process.argv[1]); process.exit(7)';
  const { code, stdout, stderr } = await metals('exec', 'producer', '--', 'node', '-e', program, "it's $HOME");
  expect([code, stdout]).toEqual([7, "one two\n\nit's $HOME\n"]);
  expect(stderr).toMatch(/producer on worker-\d, container [0-9a-f]{12}/);
  const big = await metals('exec', 'kafka', '--', 'sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x | fold -w 100');
  expect(big.code).toBe(0);
  expect(big.stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 3000 }, () => 'x'.repeat(100)));
  const unknown = await metals('exec', 'producre', '--', 'ls');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean producer?') });
  await noneIsLeft();
});

test('tunnels lead to the producer and the processor, and end with Ctrl-C', async () => {
  start('bin/metals', ['tunnel']);
  await isShown('producer {2}http');
  await isShown('processor {2}http');
  const [, producer] = /^producer {2}(http:\S+)\/health/m.exec(shown)!;
  const [, processor] = /^processor {2}(http:\S+)\/health/m.exec(shown)!;
  // The lab has the ports themselves.
  expect(producer).not.toContain(`:${PRODUCER_PORT}`);
  const source = `lab-tunnel-${Date.now()}`;
  const ids = new UuidV7Generator();
  const events = Array.from({ length: 20 }, () => ({ event_id: ids.next(), metal: 'gold', price: 1850, source }));
  const headers = { 'x-api-key': await apiKey() };
  const answers = await Promise.all(events.map((event) => http('POST', `${producer}/produce`, event, headers)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect((await http('GET', `${processor}/health`)).status).toBe(200);
  await mustBeStored(
    source,
    events.map(({ event_id }) => event_id),
  );
  child!.kill('SIGINT');
  const [code] = (await once(child!, 'close')) as [number];
  expect(code).toBe(130);
  await expect(http('GET', `${processor}/health`)).rejects.toThrow();
  await noneIsLeft();
});

test('aws ssm start-session, typed by hand', async () => {
  const node = await manager();
  await run('docker', ['cp', '.lab/bin/session-manager-plugin', `${node}:/usr/local/bin/`]);
  const { id } = await instanceOfSlot(stage(), 'worker-1');
  const command =
    `aws ssm start-session --target ${id} --document-name AWS-StartInteractiveCommand ` +
    `--parameters 'command="id -un; hostname"'`;
  const shell = (...env: string[]) => tryRun('docker', ['exec', ...env, node, 'script', '-qec', command, '/dev/null']);
  const lab = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'].flatMap((name) => ['--env', name]);
  const endpoint = ['--env', 'AWS_ENDPOINT_URL=http://127.0.0.1:4566'];
  expect((await shell(...lab, ...endpoint)).stdout).toMatch(/ssm-user\r*\nip-10-40-\d+-\d+\r*\n/);
  await inNode(node, ['rm', '/usr/local/bin/session-manager-plugin']);
});

inFullRun('a tunnel whose node stands still', () => {
  test('goes on through another one, at the same address', async () => {
    start('bin/metals', ['tunnel', 'producer']);
    await isShown('producer {2}http');
    const [, url] = /^producer {2}(http:\S+)\/health/m.exec(shown)!;
    const [, id] = /^producer: through (\S+)$/m.exec(shown)!;
    const container = `metals-lab-${id}`;
    await run('docker', ['pause', container]);
    try {
      await isShown(`producer: ${id} does not answer any more`, 60);
      await eventually('the same address to answer', 60, async () =>
        (await http('GET', `${url}/metrics`).catch(() => undefined))?.status === 200 ? undefined : 'not yet',
      );
    } finally {
      await run('docker', ['unpause', container]);
    }
  });
});
