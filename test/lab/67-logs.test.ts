/** Logs, as operators read them: of all tasks, of one that has ended, and while they are written. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseBySchema } from '../lib/cli/schemas';
import { inNode, onlyTask, tasks } from './support/nodes';
import { http, PRODUCER_URL } from './support/pipeline';
import { eventually, metals, ROOT, tryRun } from './support/run';

jest.setTimeout(180_000);

interface Line {
  readonly at: string;
  readonly service: string;
  readonly task_id: string;
  readonly node: string;
  readonly text: string;
}

async function logs(...args: string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await metals('logs', ...args, '--json');
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return (parseBySchema('logs', stdout) as { lines: Line[] }).lines;
}

/** Leaves a line in the log of an edge, which passes over what is only looked at. */
const knock = (word: string): Promise<unknown> => http('POST', `${PRODUCER_URL}/${word}`);

let stopFollowing: () => unknown = () => undefined;
afterEach(() => void stopFollowing());

const newWord = (): string => `knock-${randomUUID()}`;

test('a request is found by its text, with the node that took it', async () => {
  const word = newWord();
  await knock(word);
  const found = await logs('--since', '5m', '--grep', word.toUpperCase());
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ service: 'edge', text: expect.stringContaining(`"POST /${word} HTTP/1.1"`) });
  expect(found[0]!.node).toMatch(/^(manager|worker)-\d$/);
  expect(await logs('--since', '5m', '--grep', word, 'kafka', 'mongodb')).toEqual([]);
  expect(await logs('--since', '5m', '--grep', word, '--node', found[0]!.node)).toEqual(found);
});

test('lines of all services come in the order of time', async () => {
  const lines = await logs('--since', '24h', '--lines', '2000');
  expect(new Set(lines.map(({ service }) => service)).size).toBeGreaterThan(1);
  const times = lines.map(({ at }) => at);
  expect(times).toEqual([...times].sort());
});

test('a task that was killed has left its lines', async () => {
  const killed = await onlyTask('processor');
  const format = '{{index .Config.Labels "com.docker.swarm.task.id"}}';
  const id = (await inNode(killed.node, ['docker', 'inspect', '--format', format, killed.container])).trim();
  await inNode(killed.node, ['docker', 'kill', killed.container]);
  await eventually('another processor', 60, async () => {
    const [now] = await tasks('processor');
    return now && now.container !== killed.container ? undefined : 'none yet';
  });
  const lines = await logs('processor', '--since', '24h', '--lines', '9999', '--grep', '"msg":"started"');
  expect(lines.map(({ task_id }) => task_id)).toContain(id.slice(0, 12));
});

test('--follow shows a line within seconds, and ends with its reader', async () => {
  const child = spawn(join(ROOT, 'bin/metals'), ['logs', '--follow', 'edge', '--grep', 'knock-'], { cwd: ROOT });
  // However this ends, nothing goes on following.
  stopFollowing = () => child.kill('SIGKILL');
  const ended = once(child, 'close');
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  // Before the first answer nothing is followed yet.
  const first = newWord();
  await knock(first);
  await eventually('the first line', 30, async () => (shown.includes(first) ? undefined : shown));
  const delaysMs: number[] = [];
  const words: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const word = newWord();
    words.push(word);
    const sentAtMs = Date.now();
    await knock(word);
    await eventually('the next line', 30, async () => (shown.includes(word) ? undefined : shown.slice(-300)));
    delaysMs.push(Date.now() - sentAtMs);
  }
  console.log(`a line was shown after ${delaysMs.join(', ')} ms`);
  // Answers that repeat each other have come by now.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  for (const word of words) expect(shown.split(word)).toHaveLength(2);
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
});

test('a reader that goes ends it, too', async () => {
  const word = newWord();
  const follow = `timeout 90 bin/metals logs --follow edge --grep ${word} | head -n 1`;
  const following = tryRun('bash', ['-c', `${follow}; echo over`]);
  // Whatever has come before head has gone is written to nobody.
  await eventually('the end', 60, async () => {
    await knock(word);
    const over = await Promise.race([following, new Promise((resolve) => setTimeout(resolve, 500))]);
    return over === undefined ? 'it follows' : undefined;
  });
  const { stdout } = await following;
  expect(stdout).toMatch(new RegExp(`${word}.*\\nover\\n$`));
});

test('names that do not exist are refused with those that do', async () => {
  const service = await metals('logs', 'prodcer');
  expect([service.code, service.stderr]).toEqual([
    1,
    expect.stringMatching(/there is no service prodcer; there are: edge kafka mongodb processor producer/),
  ]);
  const node = await metals('logs', '--node', 'worker-9');
  expect(node.stderr).toContain('there is no node worker-9; there are: manager-1 worker-1 worker-2');
  const expression = await metals('logs', '--grep', '(');
  expect(expression.stderr).toContain('the expression cannot be searched for: grep: Unmatched ( or');
});
