/** What nodes say of their tasks, and what is told of it. */
import { taskUse, useOf, type TaskUse } from '../../../lib/cli/task-use';
import type { CommandState } from '../../../lib/ssm';

const MIB = 2 ** 20;
const task = (service: string, mib: number, cpu_percent: number | null): Omit<TaskUse, 'node'> => ({
  ...{ service, container: '0123456789ab', memory_bytes: mib * MIB, cpu_percent },
});
const answered = (...stdouts: string[]) =>
  ({ invocations: stdouts.map((stdout) => ({ stdout })) }) as unknown as CommandState;
const service = (name: string, memory_limit_bytes: number | null) =>
  ({ name, memory_limit_bytes }) as Parameters<typeof useOf>[0];

test('each task with its node; what cannot be read hides nothing', () => {
  const answers = answered(
    JSON.stringify({ slot: 'worker-1', tasks: [task('kafka', 700, 12.3)] }),
    '',
    '{"slot": 7}',
    'not JSON',
    JSON.stringify({ slot: null, tasks: [] }),
  );
  expect(taskUse(answers)).toEqual([{ ...task('kafka', 700, 12.3), node: 'worker-1' }]);
});

describe('of a service', () => {
  const all: TaskUse[] = [
    { ...task('producer', 100, 1.2), node: 'worker-1' },
    { ...task('producer', 180.4, 10.4), node: 'worker-2' },
    { ...task('kafka', 700, null), node: 'worker-1' },
  ];

  test.each([
    ['producer', 256 * MIB, 'uses up to 180 of 256 MiB, 12 % of a CPU'],
    ['kafka', null, 'uses 700 MiB'],
    ['mongodb', 256 * MIB, undefined],
  ])('%s', (name, limit, text) => {
    expect(useOf(service(name, limit), all)).toBe(text);
  });
});
