import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TOPIC } from '../worker/job';
import { whyNot, type ConnectorStatus } from './connector';

const SOURCE = path.join(__dirname, '..', 'connector');
const read = (name: string): string => readFileSync(path.join(SOURCE, name), 'utf8');
const tasks = (...states: string[]): ConnectorStatus['tasks'] => states.map((state, id) => ({ id, state }));
const six = tasks(...Array<string>(6).fill('RUNNING'));
const connector = { state: 'RUNNING' };

test('a task that failed is named with its reason', () => {
  const failed = six.map((task) =>
    task.id === 4 ? { ...task, state: 'FAILED', trace: 'DataException: E11000' } : task,
  );
  expect(whyNot({ connector, tasks: failed }, 'RUNNING')).toBe('task 4 is FAILED DataException: E11000');
});

test('fewer tasks than partitions would be another contender', () => {
  expect(whyNot({ connector, tasks: tasks('RUNNING') }, 'RUNNING')).toBe('1 of 6 tasks are RUNNING');
  expect(whyNot({ connector, tasks: six }, 'RUNNING')).toBeUndefined();
});

test('a connector that is not paused yet is not ready to be filled', () => {
  expect(whyNot({ connector, tasks: six }, 'PAUSED')).toBe('connector is RUNNING');
});

test('the settings are those of a fair comparison', () => {
  const sink = new Map(
    read('sink.properties')
      .split('\n')
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  expect(sink.get('topics')).toBe(TOPIC);
  expect(sink.get('tasks.max')).toBe('6');
  expect(sink.get('bulk.write.ordered')).toBe('false');
  expect(sink.get('max.batch.size')).toBe('0');
  expect(Number(sink.get('consumer.override.max.poll.records'))).toBeGreaterThanOrEqual(1_000);
  expect(sink.get('writemodel.strategy')).toMatch(/\.InsertOneDefaultStrategy$/);
  expect(sink.get('connection.uri')).toMatch(/w=majority&journal=true/);
});

test.each(['worker.properties', 'sink.properties'])('%s names the files of passwords and holds none', (name) => {
  const passwords = [...read(name).matchAll(/password\s*=\s*(.*)/g)].map(([, value]) => value);
  expect(passwords.length).toBeGreaterThan(0);
  for (const value of passwords) expect(value).toMatch(/^"?\$\{secrets:\/run\/secrets:[a-z-]+\}"?;?$/);
});
