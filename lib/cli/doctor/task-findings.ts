/** Pure: why tasks that should run do not. */
import { count, finding, onNode } from './finding';
import type { FindingCode } from './finding-codes';
import type { AwayTask, Evidence, Finding, NodeEvidence, SwarmEvidence } from './evidence';
import { constraintEvidence, roomEvidence } from './placement';

type Container = NodeEvidence['containers'][number];
type Service = SwarmEvidence['services'][number];

/** Kafka's start period is 180 s. */
const STARTS_WITHIN_MS = 240_000;
/** One that was killed before runs again, and nobody needs to hear of it. */
const KILLED_LATELY_MS = 3_600_000;

export function taskFindings({ swarm, nodes }: Evidence): Finding[] {
  if (swarm === undefined) return [];
  const containers = nodes.flatMap((node) =>
    node.containers.map((one) => ({ ...one, slot: node.slot ?? 'a node', at: node.at })),
  );
  const away = [...groupByService(swarm.away)].flatMap(([name, tasks]) => {
    const service = swarm.services.find((one) => one.name === name);
    return service === undefined ? [] : ofService(service, tasks, swarm, containers);
  });
  const told = new Set(away.map(({ what }) => what));
  const killed = containers
    .filter(
      ({ out_of_memory: isKilled, ended, at }) =>
        isKilled && Date.parse(at) - Date.parse(`${ended}Z`) < KILLED_LATELY_MS,
    )
    .map((container) => outOfMemory(container.service, container))
    .filter(({ what }) => !told.has(what));
  return [...away, ...killed];
}

function groupByService(tasks: readonly AwayTask[]): ReadonlyMap<string, readonly AwayTask[]> {
  const groups = new Map<string, AwayTask[]>();
  for (const task of tasks) groups.set(task.service, [...(groups.get(task.service) ?? []), task]);
  return groups;
}

/** Tasks of global services are told without the first words. */
const WAITS = /no suitable node|host-mode port|insufficient resources|scheduling constraints|max replicas/;
const STARTING = ['pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting'];

/** Of a service one finding for each cause. */
function ofService(
  service: Service,
  tasks: readonly AwayTask[],
  swarm: SwarmEvidence,
  containers: readonly (Container & { readonly slot: string })[],
): Finding[] {
  const ended = tasks.filter(({ state }) => ['failed', 'rejected'].includes(state));
  const found = new Map<string, Finding>();
  const add = (one: Finding): void => void (found.has(one.code) || found.set(one.code, one));
  for (const task of tasks) {
    // Networks explain it: network-findings.ts.
    if (task.state === 'new') continue;
    // One that was made a moment ago has no reason yet.
    if (task.state === 'pending' && WAITS.test(task.error)) add(pending(service, task, swarm));
    else if (ended.includes(task)) add(endedTask(service, task, containers));
  }
  const starting = tasks.find(
    ({ state, since }) => STARTING.includes(state) && Date.parse(swarm.at) - Date.parse(`${since}Z`) > STARTS_WITHIN_MS,
  );
  const ill = containers.find(
    (one) => one.service === service.name && one.running && (one.health === 'unhealthy' || one.failing_streak > 1),
  );
  if (found.size === 0 && ill !== undefined) add(unhealthy(service.name, ill));
  else if (found.size === 0 && starting !== undefined)
    add(
      finding(
        'task-away',
        `${service.name}: a task is ${starting.state} on ${starting.node ?? 'no node'}`,
        [`since ${starting.since} UTC${starting.error === '' ? '' : `: ${starting.error}`}`],
        `./bin/metals logs ${service.name}`,
      ),
    );
  return [...found.values()];
}

function pending(service: Service, task: AwayTask, swarm: SwarmEvidence): Finding {
  const { name } = service;
  const waits = `pending since ${task.since} UTC: ${task.error}`;
  if (/host-mode port already in use/.test(task.error))
    return finding('port-taken', `${name}: its port is taken`, [waits], onNode(task.node, 'sudo ss -ltnp'));
  if (/insufficient resources/.test(task.error))
    return finding(
      'no-room',
      `${name}: no node has room for it`,
      [waits, ...roomEvidence(service, swarm.nodes)],
      'more workers, larger instances or fewer replicas: set workers or instanceType, then: ./bin/metals deploy',
    );
  return finding(
    'no-node-fits',
    `${name}: no node may run it`,
    [waits, ...constraintEvidence(service, swarm.nodes)],
    nextForConstraints(service, swarm),
  );
}

/** A label that a volume gives is missing with its node. */
function nextForConstraints({ constraints, max_per_node: most }: Service, { nodes }: SwarmEvidence): string {
  if (nodes.some(({ state, availability }) => state !== 'ready' || availability !== 'active'))
    return './bin/metals status --watch    # a node is away; it goes on when that is back';
  if (constraints.some((one) => one.startsWith('node.labels.')))
    return './bin/metals status --watch    # the association Relabel gives nodes their labels again within half an hour';
  return most > 0 ? 'fewer replicas, or more workers, then: ./bin/metals deploy' : './bin/metals deploy';
}

const REASONS: readonly (readonly [RegExp, FindingCode, string])[] = [
  [
    /no such image|manifest unknown|not found: manifest|pull access|repository .* not found/i,
    'image-missing',
    'its image is not on the node',
  ],
  [
    /secret .*(not found|missing)|config .*(not found|missing)|secret reference|config reference/i,
    'secret-missing',
    'a secret or config is not there',
  ],
  [/address already in use|port is already allocated/i, 'port-taken', 'its port is taken'],
  [
    /invalid mount|bind source path|volume .*(not found|no such)|mount/i,
    'mount-missing',
    'what it mounts is not there',
  ],
];

function endedTask(
  service: Service,
  task: AwayTask,
  containers: readonly (Container & { readonly slot: string })[],
): Finding {
  const { name } = service;
  const container = containers.find((one) => one.id === task.container);
  const where = `${task.state} on ${task.node ?? 'no node'} at ${task.since} UTC: ${task.error}`;
  // Of one that was killed its container is told by its node alone; of others of the service it says nothing.
  if (container?.out_of_memory) return outOfMemory(name, container, where);
  const isUnstarted = task.state === 'rejected' || /^starting container failed/.test(task.error);
  const known = isUnstarted ? REASONS.find(([pattern]) => pattern.test(task.error)) : undefined;
  if (known !== undefined) return finding(known[1], `${name}: ${known[2]}`, [where], nextFor(known[1], task));
  if (/unhealthy/.test(task.error)) return unhealthy(name, container, where);
  const code = task.exit_code ?? container?.exit_code ?? null;
  return finding(
    task.state === 'rejected' ? 'task-away' : 'task-fails',
    task.state === 'rejected'
      ? `${name}: a node does not start it`
      : `${name} ${service.failed > 1 ? 'ends again and again' : 'has failed'}${code === null ? '' : `, with exit code ${code}`}`,
    [
      where,
      `of its tasks that Docker remembers ${count(service.failed, 'has', 'have')} failed`,
      ...(container?.last_lines ?? []),
    ],
    `./bin/metals logs ${name} --since 1h`,
  );
}

function nextFor(code: FindingCode, { node }: AwayTask): string {
  if (code === 'image-missing')
    return onNode(node, 'df -h /var/lib/docker; an association (reprepare) pulls images again within half an hour');
  if (code === 'mount-missing') return onNode(node, 'sudo docker volume ls');
  if (code === 'port-taken') return onNode(node, 'sudo ss -ltnp');
  return './bin/metals redeploy    # brings secrets and configs again';
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

function outOfMemory(name: string, { memory_limit_bytes: limit, exit_code: code }: Container, where?: string): Finding {
  const evidence = [...(where === undefined ? [] : [where]), `Docker: OOMKilled, exit code ${code}`];
  return finding(
    'out-of-memory',
    limit > 0
      ? `${name} needed more than its limit of ${mib(limit)}`
      : `${name} was killed for want of memory on its node`,
    evidence,
    `./bin/metals logs ${name} --since 1h    # then raise its memory limit in assets/stack/stack.yml, and deploy`,
  );
}

function unhealthy(name: string, container: Container | undefined, where?: string): Finding {
  const output = container?.health_output?.trim();
  const streak =
    container === undefined || container.failing_streak === 0
      ? []
      : [`${container.failing_streak} checks in a row have failed`];
  return finding(
    'unhealthy',
    `${name}: its health check fails`,
    [
      ...(where === undefined ? [] : [where]),
      ...streak,
      ...(output ? [`the check says: ${output}`] : []),
      ...(container?.last_lines ?? []),
    ],
    `./bin/metals logs ${name} --since 1h`,
  );
}
