/** The table of docs/aws.md that says which actions each step needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const files = (folder: string): string[] => readdirSync(join(ROOT, folder)).map((name) => join(folder, name));

/** By the first word of the row. */
function actionsOf(step: string): string[] {
  const row = read('docs/aws.md')
    .split('\n')
    .find((line) => line.startsWith(`| ${step} `));
  if (row === undefined) throw new Error(`docs/aws.md has no row "${step}"`);
  const text = row.split('|')[2]!;
  // `ec2:DescribeVpcs`, `DescribeImages`: an action without a service is of the one before.
  let service = '';
  return [...text.matchAll(/`(?:([a-z0-9-]+):)?([A-Z]\w+)`/g)].map(([, named, action]) => {
    service = named ?? service;
    return `${service}:${action}`;
  });
}

test('the preflight asks for nothing that its row does not name', () => {
  const asked = files('lib/preflight/read').flatMap((file) =>
    [...read(file).matchAll(/ask\(\s*'([^']+)'/g)].map(([, action]) => action!),
  );
  expect(asked.length).toBeGreaterThan(15);
  expect([...new Set(asked)].filter((action) => !actionsOf('5').includes(action))).toEqual([]);
});

test('status, doctor and smoke-test call nothing that their row does not name', () => {
  const sent = [...files('lib/ssm'), 'lib/cli/systems-manager.ts'].flatMap((file) =>
    [...read(file).matchAll(/new (\w+?)Command\(/g)].map(([, action]) => `ssm:${action}`),
  );
  // What a node that is away makes `status` look for.
  const looked = [...read('lib/cli/slot-volumes.ts').matchAll(/paginate(\w+)\(/g)].map(([, action]) => `ec2:${action}`);
  const noted = [...read('lib/cli/associations.ts').matchAll(/paginate(\w+)\(/g)].map(([, action]) => `ssm:${action}`);
  const instances = /function listInstances[^]*?paginate(\w+)\(/.exec(read('lib/cli/manager-instances.ts'))![1]!;
  const alarms = [...read('lib/cli/alarms.ts').matchAll(/paginate(\w+)\(/g)].map(
    ([, action]) => `cloudwatch:${action}`,
  );
  expect(new Set([...sent, ...looked, ...noted, ...alarms, `ec2:${instances}`])).toEqual(new Set(actionsOf('7')));
});
