import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProblems, parseStackStatus, quorumLine, type StackStatus } from '../../../lib/cli/stack-status';
import { statusRows } from '../../../lib/cli/status-rows';

/** What the document emits about a Swarm on which all is well; test/documents/verdict.bats holds it to that. */
const recorded = parseStackStatus(readFileSync(join(__dirname, '../../documents/states/status.json'), 'utf8'));

const node = (over: Partial<StackStatus['nodes'][number]> = {}): StackStatus['nodes'][number] => ({
  ...recorded.nodes[0]!,
  ...over,
});
const service = (over: Partial<StackStatus['services'][number]> = {}): StackStatus['services'][number] => ({
  ...recorded.services.find(({ name }) => name === 'kafka')!,
  ...over,
});
const stackStatus = (over: Partial<StackStatus> = {}): StackStatus => ({ ...recorded, ...over });

describe('parseStackStatus', () => {
  test('reads what the document prints', () => {
    expect(parseStackStatus(JSON.stringify(stackStatus()))).toEqual(stackStatus());
  });

  test('text that is not JSON', () => {
    expect(() => parseStackStatus('Cannot connect to the Docker daemon')).toThrow(
      'the document stack-status answered something that is not JSON: "Cannot connect to the Docker daemon"',
    );
  });

  test('JSON of another shape names the field', () => {
    const text = JSON.stringify({ ...stackStatus(), services: [{ ...service(), running: 'many' }] });
    expect(() => parseStackStatus(text)).toThrow(/JSON with a wrong services\.0\.running/);
  });
});

test('a node without the label of its slot is named by its address, and what gives the label back', () => {
  const [problem] = findProblems(
    stackStatus({ nodes: [node({ slot: null, hostname: 'ip-10-40-4-21', address: '10.40.4.21' })] }),
  );
  expect(problem).toBe(
    'node ip-10-40-4-21 (10.40.4.21) has lost its label metals.slot: the association Relabel gives it back within half an hour',
  );
});

test('what a compromised node reports does not drive the terminal', () => {
  const status = stackStatus({ nodes: [node({ slot: 'a\u001b]0;owned\u0007', state: 'down' })] });
  expect(findProblems(status)).toContain('node a\\x1b]0;owned\\x07 is down');
  expect(statusRows(status)[1]![1]).toBe('a\\x1b]0;owned\\x07');
});

test('what a service says of itself stands beside what Docker finds', () => {
  const health = [{ service: 'processor', status: 'degraded', reasons: ['lagging'] }];
  const cells = statusRows(stackStatus({ health })).map((row) => row.slice(1, 5));
  expect(cells).toContainEqual(['processor', 'replicated', '1/1', '1 healthy, degraded']);
  expect(cells).toContainEqual(['producer', 'replicated', '1/1', '1 healthy']);
});

test('what has failed, and how much memory a task may take, where it is known', () => {
  const detail = (over: object): string =>
    statusRows(stackStatus({ services: [service(over)] }))
      .at(-1)!
      .at(-1)!;
  expect(detail({ failed_tasks: 1, memory_limit_bytes: 268_435_456, image: '' })).toBe(
    '1 task has failed, at most 256 MiB',
  );
  expect(detail({ failed_tasks: 3, image: '' })).toBe('3 tasks have failed');
  expect(detail({ failed_tasks: 0, memory_limit_bytes: null, image: '' })).toBe('');
});

test('what replicas do together, and for how many of them that stands', () => {
  const detail = (desired: number, figures: object): string => {
    const health = [{ service: 'processor', status: 'healthy', reasons: [], ...figures }];
    const services = [service({ name: 'processor', desired, image: '' })];
    return statusRows(stackStatus({ health, services })).at(-1)!.at(-1)!;
  };
  expect(detail(1, { answered: 1, per_second: 12.34, lag_records: 0 })).toBe('12.3 events/s, lag 0');
  expect(detail(3, { answered: 2, per_second: 0, lag_records: 7 })).toBe('0 events/s, lag 7 (2 of 3 replicas)');
  expect(detail(1, { answered: 1, per_second: 2, lag_records: null })).toBe('2 events/s');
  expect(detail(1, { answered: 1, per_second: null, lag_records: null })).toBe('');
});

test('a deployment whose documents do not ask the services has nothing to say of them', () => {
  const older = JSON.stringify({ ...stackStatus(), health: undefined });
  expect(parseStackStatus(older).health).toEqual([]);
});

test('the quorum of several brokers has a line, and of one none', () => {
  const processor = { service: 'processor', status: 'healthy', reasons: [] };
  const several = [{ ...processor, quorum: { leader: 2, voters: [1, 2, 3] } }];
  expect(quorumLine(parseStackStatus(JSON.stringify(stackStatus({ health: several }))))).toBe(
    "Kafka's quorum: brokers 1, 2, 3 vote, broker 2 leads",
  );
  const one = [{ ...processor, quorum: null }];
  expect(quorumLine(parseStackStatus(JSON.stringify(stackStatus({ health: one }))))).toBeUndefined();
  expect(quorumLine(stackStatus())).toBeUndefined();
});

describe('findProblems', () => {
  test('nothing wrong', () => expect(findProblems(stackStatus())).toEqual([]));

  test.each<[string, Partial<StackStatus>, string[]]>([
    ['node down', { nodes: [node({ state: 'down' })] }, ['node manager-1 is down']],
    [
      'manager unreachable',
      { nodes: [node({ manager: 'unreachable' })] },
      ['manager manager-1 is unreachable for the other managers'],
    ],
    ['nothing deployed', { services: [] }, ['no service is deployed']],
    [
      'unallocated network',
      { networks: [{ name: 'metals-frontend', subnet: null, encrypted: true, allocated: false }] },
      ['network metals-frontend is not allocated'],
    ],
    [
      'running but not healthy, with the reason',
      {
        services: [service({ healthy: 0, problems: [{ task_state: 'failed', error: 'unhealthy', node: 'worker-1' }] })],
      },
      ['service kafka: 1 of 1 running, 0 healthy', 'service kafka: task failed on worker-1: unhealthy'],
    ],
    [
      'rolled back',
      { services: [service({ update_state: 'rollback_completed' })] },
      ['service kafka: its last update ended as rollback_completed'],
    ],
    [
      'job not complete',
      { services: [service({ mode: 'replicated-job', running: 0, healthy: 0 })] },
      ['service kafka: 0 of 1 running, 0 healthy'],
    ],
    [
      'a service that a rewind has stopped',
      { services: [service({ name: 'processor', desired: 0, running: 0, healthy: 0, standstill: '2' })] },
      ['service processor stands still for a rewind: let it end; if it was cut off: ./bin/metals rewind --all'],
    ],
    [
      'a service that a person has stopped',
      { services: [service({ desired: 0, running: 0, healthy: 0 })] },
      ['service kafka is scaled to 0'],
    ],
    [
      'a service that says why it is not well',
      { health: [{ service: 'processor', status: 'degraded', reasons: ['MongoDB: disconnected', 'lagging'] }] },
      ['processor is degraded: MongoDB: disconnected', 'processor is degraded: lagging'],
    ],
    [
      'a service of which no replica answers',
      { health: [{ service: 'producer', status: 'none', reasons: ['GET http://127.0.0.1:8000/health: 000'] }] },
      ['producer does not answer: GET http://127.0.0.1:8000/health: 000'],
    ],
    [
      'a service that is not well and does not say why',
      { health: [{ service: 'producer', status: 'stopping', reasons: [] }] },
      ['producer is stopping'],
    ],
  ])('%s', (_, over, problems) => expect(findProblems(stackStatus(over))).toEqual(problems));

  test('a task that failed before the service recovered is history', () => {
    const recovered = service({ problems: [{ task_state: 'failed', error: 'exit 1', node: null }] });
    expect(findProblems(stackStatus({ services: [recovered] }))).toEqual([]);
  });

  test('a completed job needs no health', () => {
    expect(findProblems(stackStatus({ services: [service({ mode: 'replicated-job', healthy: 0 })] }))).toEqual([]);
  });
});

test('statusRows: nodes, then services, with short images', () => {
  expect(statusRows(stackStatus())).toEqual([
    ['', 'name', 'role / mode', 'replicas', 'health', 'detail'],
    ['node', 'manager-1', 'manager, leader', '', 'ready', '10.40.3.11, active, docker 25.0.14'],
    ['node', 'worker-1', 'worker', '', 'ready', '10.40.4.21, active, docker 25.0.14'],
    ['node', 'worker-2', 'worker', '', 'ready', '10.40.5.22, active, docker 25.0.14'],
    ['service', 'edge', 'global', '3/3', '3 healthy', 'assets@00000000'],
    ['service', 'kafka', 'replicated', '1/1', '1 healthy', 'assets@00000000'],
    ['service', 'mongodb', 'replicated', '1/1', '1 healthy', 'assets@00000000'],
    ['service', 'processor', 'replicated', '1/1', '1 healthy', 'update completed, assets@00000000'],
    ['service', 'producer', 'replicated', '1/1', '1 healthy', 'update completed, assets@00000000'],
    ['service', 'setup-0a1b2c3d', 'replicated-job', '1/1', 'complete', 'assets@00000000'],
  ]);
});
