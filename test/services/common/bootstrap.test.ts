import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupSecrets } from '../../../services/tools/setup';
import { temporaryFolder } from './temporary-folder';

const root = join(__dirname, '../../..');
const SECRETS: Record<string, string[]> = {
  producer: ['kafka-password', 'api-key'],
  processor: ['kafka-password', 'mongodb-password'],
  tools: setupSecrets({}),
};

function run(component: string, config: string, secrets: readonly string[], extra: readonly string[]) {
  const folder = temporaryFolder();
  for (const name of secrets) writeFileSync(join(folder, name), 'not-a-real-secret');
  const verb = component === 'tools' ? ['setup'] : [];
  const main = join(root, 'services', component, 'main.ts');
  const flags = ['--config', config, '--secrets', folder, ...extra];
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, ...verb, ...flags], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stderr };
}
const check = (component: string, config: string, secrets: readonly string[]) =>
  run(component, config, secrets, ['--check-config']);
const shipped = (component: string): string => join(root, 'assets/stack/config', `${component}.yml`);

/** The shipped one with a wrong form, a wrong type and an unknown key; its first secret is the one that is missing. */
function broken(component: string): string {
  const file = join(temporaryFolder(), `${component}.yml`);
  const text = readFileSync(shipped(component), 'utf8').replace('brokers: [kafka:9092]', 'brokers: [kafka, 9092]');
  writeFileSync(file, `${text}\nlog_levle: info\n`);
  return file;
}
const everyProblem = (component: string) =>
  expect.stringMatching(
    new RegExp(
      `^${component}: invalid configuration, 4 problem\\(s\\):\n` +
        '  - kafka\\.brokers\\.0: must be host:port \\(got "kafka"\\)\n' +
        '  - kafka\\.brokers\\.1: Invalid input: expected string, received number \\(got 9092\\)\n' +
        '  - log_levle: unknown key; did you mean log_level\\? \\(known: log_level, kafka, .*\\)\n' +
        `  - .*/${SECRETS[component][0]}: secret is missing; expected a file, mounted as a Docker secret\n$`,
    ),
  );

jest.setTimeout(60_000);

describe('--check-config', () => {
  test.each(Object.keys(SECRETS))('accepts the configuration that is shipped for %s', (component) => {
    const { status, stderr } = check(component, shipped(component), SECRETS[component]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('configuration is valid') });
  });

  test.each(Object.keys(SECRETS))(
    'ends with 78 and one message with every problem of %s, and nothing else',
    (component) => {
      const { status, stderr } = check(component, broken(component), SECRETS[component].slice(1));
      expect({ status, stderr }).toEqual({ status: 78, stderr: everyProblem(component) });
    },
  );

  test('an unknown flag is named', () => {
    const { status, stderr } = run('producer', shipped('producer'), SECRETS.producer, ['--confg', 'x']);
    expect(status).toBe(78);
    expect(stderr).toContain("Unknown option '--confg'");
  });
});

test('a start with such a configuration ends with the same message', () => {
  const { status, stderr } = run('processor', broken('processor'), SECRETS.processor.slice(1), []);
  expect({ status, stderr }).toEqual({ status: 78, stderr: everyProblem('processor') });
});
