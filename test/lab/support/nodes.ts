/** The node containers of the lab, and what runs in them. */
import { LAB_LABEL, LAB_PREFIX, STACK_NAME } from '../../../lib/contract';
import { eventually, run, tryRun, type Result } from './run';

/** Names of the node containers: `metals-lab-<instance id>`. */
export async function nodeContainers(): Promise<string[]> {
  const names = await run('docker', ['ps', '--filter', `label=${LAB_LABEL}`, '--format', '{{.Names}}']);
  const nodes = names.split('\n').filter((name) => name.startsWith(`${LAB_PREFIX}-i-`));
  if (nodes.length === 0) throw new Error('no node of the lab is running\nnext: npm run lab');
  return nodes.sort();
}

export const inNode = (node: string, args: readonly string[], input = ''): Promise<string> =>
  run('docker', ['exec', '-i', node, ...args], input);

export const tryInNode = (node: string, args: readonly string[], input = ''): Promise<Result> =>
  tryRun('docker', ['exec', '-i', node, ...args], input);

/** A node whose Docker answers as a Swarm manager. */
export async function manager(): Promise<string> {
  for (const node of await nodeContainers()) {
    const info = await tryInNode(node, ['docker', 'info', '--format', '{{.Swarm.ControlAvailable}}']);
    if (info.stdout.trim() === 'true') return node;
  }
  throw new Error('no node of the lab is a Swarm manager');
}

export const onManager = async (...args: string[]): Promise<string> => inNode(await manager(), ['docker', ...args]);

/** One running container of the stack, with the node that it runs on. */
export interface Task {
  readonly node: string;
  readonly container: string;
  readonly service: string;
  /** In the node's own process table. */
  readonly pid: number;
}

/** All running tasks of the stack, or those of one service. */
export async function tasks(service?: string): Promise<Task[]> {
  const found: Task[] = [];
  for (const node of await nodeContainers()) {
    const ids = await inNode(node, [
      'docker',
      'ps',
      '-q',
      '--filter',
      `label=com.docker.stack.namespace=${STACK_NAME}`,
    ]);
    for (const container of ids.split('\n').filter(Boolean)) {
      const format = '{{.State.Pid}} {{index .Config.Labels "com.docker.swarm.service.name"}}';
      const [pid, name] = (await inNode(node, ['docker', 'inspect', '--format', format, container])).trim().split(' ');
      found.push({ node, container, service: name!.replace(`${STACK_NAME}_`, ''), pid: Number(pid) });
    }
  }
  return service === undefined ? found : found.filter((task) => task.service === service);
}

/** The one running task of a service. */
export async function onlyTask(service: string): Promise<Task> {
  const found = await tasks(service);
  if (found.length !== 1) throw new Error(`expected one running task of ${service}, found ${found.length}`);
  return found[0]!;
}

export const inTask = (task: Task, args: readonly string[]): Promise<Result> =>
  tryInNode(task.node, ['docker', 'exec', task.container, ...args]);

/** Updates a service in place, and waits until that is over. */
export async function roll(service: string): Promise<void> {
  await onManager('service', 'update', '--force', '--detach', `metals_${service}`);
  await eventually(`the update of ${service}`, 600, async () => {
    // None until the update begins.
    const format = '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{else}}not begun{{end}}';
    const state = (await onManager('service', 'inspect', '--format', format, `metals_${service}`)).trim();
    return state === 'completed' ? undefined : state;
  });
}
