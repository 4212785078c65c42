import { inNode, tasks, tryInNode, type Task } from './support/nodes';

jest.setTimeout(180_000);

/** Every process of every task, as the kernel of the node sees it. */
interface Process {
  readonly task: Task;
  readonly pid: string;
  readonly status: Map<string, string>;
  readonly rootMount: string;
}

let processes: Process[];

async function readProc(task: Task, pid: string, file: string): Promise<string | undefined> {
  const read = await tryInNode(task.node, ['cat', `/proc/${pid}/${file}`]);
  return read.code === 0 ? read.stdout : undefined;
}

beforeAll(async () => {
  processes = [];
  for (const task of await tasks()) {
    const titles = await inNode(task.node, ['docker', 'top', task.container, '-eo', 'pid']);
    for (const pid of titles
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim())) {
      const [text, mounts] = [await readProc(task, pid, 'status'), await readProc(task, pid, 'mounts')];
      // A health check may have ended since it was listed.
      if (text === undefined || mounts === undefined) continue;
      const status = new Map(
        text
          .split('\n')
          .map((line): [string, string] => [line.split(':')[0]!, line.slice(line.indexOf(':') + 1).trim()]),
      );
      processes.push({ task, pid, status, rootMount: mounts.split('\n').find((line) => line.split(' ')[1] === '/')! });
    }
  }
});

const each = (read: (one: Process) => unknown): unknown[] => processes.map((one) => [one.task.service, read(one)]);
const all = (value: unknown): unknown[] => processes.map((one) => [one.task.service, value]);

test('there are processes of all five services to look at', () => {
  expect([...new Set(processes.map((one) => one.task.service))].sort()).toEqual([
    'edge',
    'kafka',
    'mongodb',
    'processor',
    'producer',
  ]);
});

test('no process can gain privileges', () => {
  expect(each((one) => one.status.get('NoNewPrivs'))).toEqual(all('1'));
});

test.each(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])('no process has a capability: %s', (set) => {
  expect(each((one) => one.status.get(set))).toEqual(all('0000000000000000'));
});

test('no process runs as root, in any of its four user ids', () => {
  expect(each((one) => one.status.get('Uid')!.split(/\s+/).includes('0'))).toEqual(all(false));
  expect(each((one) => one.status.get('Gid')!.split(/\s+/).includes('0'))).toEqual(all(false));
});

test('every root filesystem is read-only', () => {
  expect(each((one) => one.rootMount.split(' ')[3]!.split(',')[0])).toEqual(all('ro'));
});

test('memory and process limits are those of the stack', async () => {
  for (const task of await tasks()) {
    const text = await inNode(task.node, [
      'docker',
      'inspect',
      '--format',
      '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}',
      task.container,
    ]);
    const [memory, cpus, pids] = text.trim().split(' ').map(Number);
    expect([task.service, memory! > 0, cpus! > 0, pids! > 0]).toEqual([task.service, true, true, true]);
  }
});
