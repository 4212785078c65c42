import { findProblems, parseStackStatus, statusRows, type StackStatus } from '../../../lib/cli/stack-status';

const node = (over: Partial<StackStatus['nodes'][number]> = {}): StackStatus['nodes'][number] => ({
  id: 'abc',
  hostname: 'ip-10-40-0-10',
  slot: 'manager-1',
  role: 'manager',
  availability: 'active',
  state: 'ready',
  address: '10.40.0.10',
  manager: 'leader',
  engine_version: '26.1.5',
  ...over,
});
const service = (over: Partial<StackStatus['services'][number]> = {}): StackStatus['services'][number] => ({
  name: 'metals_kafka',
  mode: 'replicated',
  image: '000000000000.dkr.ecr.eu-west-1.amazonaws.com/assets@sha256:0123456789abcdef',
  desired: 1,
  running: 1,
  healthy: 1,
  update_state: null,
  problems: [],
  ...over,
});
const stackStatus = (over: Partial<StackStatus> = {}): StackStatus => ({
  stage: 'lab',
  nodes: [node(), node({ slot: 'worker-1', role: 'worker', manager: null, address: '10.40.1.10' })],
  services: [service()],
  networks: [{ name: 'metals-frontend', subnet: '10.10.0.0/24', encrypted: true, allocated: true }],
  overlay_encryption: 'on',
  generated_at: '2026-11-22T19:00:00Z',
  ...over,
});

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
      ['service metals_kafka: 1 of 1 running, 0 healthy', 'service metals_kafka: task failed on worker-1: unhealthy'],
    ],
    [
      'rolled back',
      { services: [service({ update_state: 'rollback_completed' })] },
      ['service metals_kafka: its last update ended as rollback_completed'],
    ],
    [
      'job not complete',
      { services: [service({ mode: 'replicated-job', running: 0, healthy: 0 })] },
      ['service metals_kafka: 0 of 1 running, 0 healthy'],
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
    ['node', 'manager-1', 'manager, leader', '', 'ready', '10.40.0.10, active, docker 26.1.5'],
    ['node', 'worker-1', 'worker', '', 'ready', '10.40.1.10, active, docker 26.1.5'],
    ['service', 'metals_kafka', 'replicated', '1/1', '1 healthy', 'assets@01234567'],
  ]);
});
