import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const SECRETS: Record<string, string[]> = {
  producer: ['kafka-password', 'api-key'],
  processor: ['kafka-password', 'mongodb-password'],
  tools: ['kafka-password-admin', 'mongodb-password-admin', 'mongodb-password-processor'],
};

function check(component: string, config: string, secrets: readonly string[], extra: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'metals-check-'));
  for (const name of secrets) writeFileSync(join(folder, name), 'not-a-real-secret');
  const verb = component === 'tools' ? ['setup'] : [];
  const main = join(root, 'services', component, 'main.ts');
  const flags = ['--check-config', '--config', config, '--secrets', folder, ...extra];
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, ...verb, ...flags], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stderr };
}
const shipped = (component: string): string => join(root, 'assets/stack/config', `${component}.yml`);

jest.setTimeout(60_000);

describe('--check-config', () => {
  test.each(Object.keys(SECRETS))('accepts the configuration that is shipped for %s', (component) => {
    const { status, stderr } = check(component, shipped(component), SECRETS[component]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('configuration is valid') });
  });

  test('ends with 78 and every problem, without a stack, a secret or a start', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'metals-check-')), 'producer.yml');
    writeFileSync(
      file,
      'kafka: { brokers: [kafka], username: producer }\ntopic: { name: t, partitions: 6 }\nmetal: {}\n',
    );
    const { status, stderr } = check('producer', file, ['api-key']);
    expect(status).toBe(78);
    expect(stderr).toMatch(/^producer: invalid configuration, 4 problem\(s\):\n/);
    expect(stderr).toContain('kafka.brokers.0: must be host:port (got "kafka")');
    expect(stderr).toContain('metal: unknown key; did you mean metals?');
    expect(stderr).toContain('kafka-password: secret is missing');
    expect(stderr).not.toMatch(/\n\s+at |not-a-real-secret/);
  });

  test('an unknown flag is named', () => {
    const { status, stderr } = check('producer', shipped('producer'), SECRETS.producer, ['--confg', 'x']);
    expect(status).toBe(78);
    expect(stderr).toContain("Unknown option '--confg'");
  });
});
