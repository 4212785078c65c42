/** The real secret values are looked for everywhere that is not /run/secrets of a task. */
import { CloudFormationClient, DescribeStackEventsCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import {
  GetCommandInvocationCommand,
  GetDocumentCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  ListDocumentsCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { cloudFormationStackName, STACKS } from '../../lib/contract';
import {
  gatewayLog,
  leaks as leaksOf,
  patterns as patternsOf,
  processesWith,
  type SecretValues,
  shownByManager,
} from './support/leaks';
import { inNode, nodeContainers, onManager, tasks, tryInNode } from './support/nodes';
import { run, tryRun } from './support/run';
import { allSecretValues, stage } from './support/secrets';

jest.setTimeout(300_000);

let secrets: SecretValues;

/** The node's own files; /var/lib/docker holds the tasks' secret mounts and is looked at through Docker instead. */
const NODE_FOLDERS = [
  '/etc',
  '/run',
  '/tmp',
  '/root',
  '/opt',
  '/var/log',
  '/var/lib/metals',
  '/var/lib/cloud',
  '/var/lib/amazon',
  '/var/tmp',
];

const leaks = (text: string): string[] => leaksOf(text, secrets);
const patterns = (): string => patternsOf(secrets);

beforeAll(async () => {
  secrets = await allSecretValues();
});

test('there are seven values, each long enough to be looked for', () => {
  expect(secrets.size).toBe(7);
  for (const [name, value] of secrets) expect([name, value.length >= 20]).toEqual([name, true]);
  expect(new Set(secrets.values()).size).toBe(7);
});

test('the search works: the values are found where they belong', async () => {
  const found = new Set<string>();
  for (const task of await tasks()) {
    const text = await tryInNode(task.node, ['docker', 'exec', task.container, 'sh', '-c', 'cat /run/secrets/*']);
    for (const name of leaks(text.stdout)) found.add(name);
  }
  expect([...found]).toEqual(
    expect.arrayContaining(['api-key', 'kafka-password of processor', 'mongodb-password of processor']),
  );
});

test('not in services, configs, secrets, tasks, networks and nodes as the manager shows them', async () => {
  for (const [what, text] of await shownByManager()) expect([what, leaks(text)]).toEqual([what, []]);
});

test('not in containers and images as each node shows them', async () => {
  for (const node of await nodeContainers()) {
    const containers = (await inNode(node, ['docker', 'ps', '-aq'])).trim().split('\n').filter(Boolean);
    expect(leaks(await inNode(node, ['docker', 'inspect', ...containers]))).toEqual([]);
    const images = [...new Set((await inNode(node, ['docker', 'images', '-q'])).trim().split('\n').filter(Boolean))];
    expect(leaks(await inNode(node, ['docker', 'inspect', ...images]))).toEqual([]);
    for (const image of images)
      expect(leaks(await inNode(node, ['docker', 'history', '--no-trunc', image]))).toEqual([]);
  }
});

test('in no environment and no argument list of any process', async () => {
  expect(await processesWith(secrets)).toEqual([]);
  expect(leaks(await run('ps', ['-eww', '-o', 'args']))).toEqual([]);
});

test('in no log of a task, not even of those that are gone', async () => {
  const services = (await onManager('service', 'ls', '--format', '{{.Name}}')).trim().split('\n');
  for (const service of services)
    expect([service, leaks(await onManager('service', 'logs', '--raw', service))]).toEqual([service, []]);
});

test('in no log and no file of a node', async () => {
  for (const node of await nodeContainers()) {
    const folders = (await tryInNode(node, ['sh', '-c', `ls -d ${NODE_FOLDERS.join(' ')} 2>/dev/null`])).stdout
      .trim()
      .split('\n');
    // /run/docker holds the mounts of running tasks: those are /run/secrets.
    const found = await tryInNode(
      node,
      ['grep', '-raFl', '--exclude-dir=docker', '--devices=skip', '-f', '-', ...folders],
      patterns(),
    );
    expect([node, found.stdout]).toEqual([node, '']);
    const logs = await tryRun('docker', ['logs', node]);
    expect([node, leaks(logs.stdout + logs.stderr)]).toEqual([node, []]);
    expect(leaks(await run('docker', ['inspect', node]))).toEqual([]);
  }
});

test('not in the log of the gateway', async () => {
  expect(leaks(await gatewayLog())).toEqual([]);
});

test('in no document, no command and none of its outputs', async () => {
  const ssm = new SSMClient({});
  const documents = await ssm.send(new ListDocumentsCommand({ Filters: [{ Key: 'Owner', Values: ['Self'] }] }));
  for (const { Name } of documents.DocumentIdentifiers ?? []) {
    const document = await ssm.send(new GetDocumentCommand({ Name }));
    expect([Name, leaks(document.Content ?? '')]).toEqual([Name, []]);
  }
  let count = 0;
  for await (const { Commands = [] } of paginateListCommands({ client: ssm }, {})) {
    count += Commands.length;
    expect(leaks(JSON.stringify(Commands))).toEqual([]);
  }
  expect(count).toBeGreaterThan(0);
  for await (const page of paginateListCommandInvocations({ client: ssm }, { Details: true })) {
    for (const { CommandId, InstanceId, DocumentName } of page.CommandInvocations ?? []) {
      const output = await ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
      const text = `${output.StandardOutputContent}${output.StandardErrorContent}`;
      expect([DocumentName, leaks(text)]).toEqual([DocumentName, []]);
    }
  }
});

test('in no template and no event of CloudFormation', async () => {
  const client = new CloudFormationClient({});
  for (const id of STACKS) {
    const StackName = cloudFormationStackName(stage(), id);
    const template = await client.send(new GetTemplateCommand({ StackName }));
    expect([id, leaks(template.TemplateBody ?? '')]).toEqual([id, []]);
    const events = await client.send(new DescribeStackEventsCommand({ StackName }));
    expect([id, leaks(JSON.stringify(events.StackEvents ?? []))]).toEqual([id, []]);
  }
});

test('in no file of the working copy', async () => {
  const found = await tryRun(
    'grep',
    ['-rFl', '--exclude-dir=node_modules', '--exclude-dir=.git', '-f', '-', '.'],
    patterns(),
  );
  expect(found.stdout).toBe('');
});
