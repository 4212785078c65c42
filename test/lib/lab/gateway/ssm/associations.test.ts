import {
  associationStatus,
  Associations,
  type AssociationsData,
} from '../../../../../lib/lab/gateway/ssm/associations';
import type { CommandsData } from '../../../../../lib/lab/gateway/ssm/command-records';
import type { CommandEffects } from '../../../../../lib/lab/gateway/ssm/command-run';
import { Commands } from '../../../../../lib/lab/gateway/ssm/commands';
import { Documents, type DocumentsData } from '../../../../../lib/lab/gateway/ssm/documents';
import { associationResource, documentResource } from '../../../../../lib/lab/gateway/ssm/ssm-resources';
import { parseRate } from '../../../../../lib/lab/gateway/ssm/schedule';
import type { ManagedNode } from '../../../../../lib/lab/gateway/ssm/targets';
import { managedNode, noLog, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

const content = (command: string) => ({
  schemaVersion: '2.2',
  mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: [command] } }],
});
const targets = [{ Key: 'tag:metals:stage', Values: ['lab'] }];
const context = { logicalId: 'Thing', stackName: 'stack' };

function setUp(nodes: ManagedNode[] = [managedNode()], exitCode = 0) {
  const ran: string[] = [];
  let atOnce = 0;
  const most = { atOnce: 0 };
  const effects: CommandEffects = {
    async runStep({ container, script }) {
      most.atOnce = Math.max(most.atOnce, ++atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      ran.push(`${container} ${script.trim()}`);
      return { exitCode, stdout: '', stderr: '', ended: 'exited' };
    },
    stopStep: async () => undefined,
    ship: async () => undefined,
  };
  const documents = new Documents(temporaryStore<DocumentsData>({ documents: {} }), (name) =>
    associations.onDefaultVersionChanged(name),
  );
  documents.create({ Name: 'doc', Content: content('one') });
  const list = { list: () => nodes };
  const commands = new Commands(temporaryStore<CommandsData>({ commands: {} }), documents, list, effects, noLog);
  const store = temporaryStore<AssociationsData>({ associations: {} });
  const associations = new Associations(store, documents, commands, list, noLog);
  return { associations, documents, most, nodes, ran };
}
/** Until everything that was started has ended. */
const quiet = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

test.each([
  [{ Name: 'none', Targets: targets }, 'Document with name none does not exist.'],
  [{ Name: 'doc' }, 'an association needs Targets or InstanceId'],
  [{ Name: 'doc', Targets: targets, Parameters: { A: ['b'] } }, 'Parameter A is not defined in the document'],
  [{ Name: 'doc', Targets: targets, ScheduleExpression: 'cron(0 2 ? * SUN *)' }, "schedule 'cron(0 2 ? * SUN *)'"],
])('refuses %j', (input, message) => {
  const { associations } = setUp();
  expect(() => associations.create(input)).toThrow(message);
  expect(associations.list()).toEqual([]);
});

test.each(['rate(29 minutes)', 'rate(1 week)', 'hourly'])('refuses the rate %s', (expression) => {
  expect(() => parseRate(expression)).toThrow('from 30 minutes on');
});

test('reads rates', () => {
  expect(parseRate('rate(30 minutes)')).toBe(1800);
  expect(parseRate('rate(1 day)')).toBe(86_400);
});

test('runs of one association never overlap', async () => {
  const { associations, most, ran } = setUp();
  const { id } = associations.create({ Name: 'doc', Targets: targets });
  await Promise.all([associations.apply(id), associations.apply(id, 'i-0a'), associations.apply(id)]);
  expect(ran).toHaveLength(3);
  expect(most.atOnce).toBe(1);
});

test('a new node gets what targets it, and nothing else', async () => {
  const { associations, nodes, ran } = setUp([]);
  associations.create({ Name: 'doc', Targets: targets });
  associations.create({ Name: 'doc', Targets: [{ Key: 'tag:metals:stage', Values: ['other'] }] });
  nodes.push(managedNode());
  associations.onNodeRegistered('i-0a');
  await quiet();
  expect(ran).toEqual(['metals-lab-i-0a one']);
});

test('runs again when its document has a new default version', async () => {
  const { associations, documents, ran } = setUp();
  associations.create({ Name: 'doc', Targets: targets });
  associations.create({ Name: 'doc', Targets: targets, DocumentVersion: '1' });
  documents.addVersion({ Name: 'doc', Content: content('two') });
  documents.setDefaultVersion('doc', 2);
  await quiet();
  expect(ran).toEqual(['metals-lab-i-0a two']);
});

test('is due once its rate has passed', async () => {
  const { associations, ran } = setUp();
  const { createdTime } = associations.create({
    Name: 'doc',
    Targets: targets,
    ScheduleExpression: 'rate(30 minutes)',
  });
  associations.applyDue((createdTime + 1799) * 1000);
  await quiet();
  expect(ran).toEqual([]);
  associations.applyDue((createdTime + 1800) * 1000);
  await quiet();
  expect(ran).toHaveLength(1);
});

test('is Pending before it ran, Failed when any node failed', async () => {
  const { associations } = setUp([managedNode()], 1);
  const association = associations.create({ Name: 'doc', Targets: targets });
  expect(associationStatus(association)).toBe('Pending');
  await associations.apply(association.id);
  expect(associationStatus(association)).toBe('Failed');
});

describe('in a template', () => {
  test('fails at once when a node fails and success is waited for, and leaves nothing behind', async () => {
    const { associations } = setUp([managedNode()], 1);
    const handler = associationResource(associations);
    const properties = { Name: 'doc', AssociationName: 'join', Targets: targets, WaitForSuccessTimeoutSeconds: '60' };
    await expect(handler.create(properties, context)).rejects.toThrow(
      /^association join \(doc\) on .* failed: i-0a Failed; command /,
    );
    expect(associations.list()).toEqual([]);
  });

  test('waits for success where asked', async () => {
    const { associations, ran } = setUp();
    const properties = { Name: 'doc', Targets: targets, WaitForSuccessTimeoutSeconds: '60', Tags: [] };
    const { physicalId } = await associationResource(associations).create(properties, context);
    expect(ran).toHaveLength(1);
    expect(associations.get(physicalId).input).toEqual({ Name: 'doc', Targets: targets });
  });

  test('a document changes by NewVersion only, and then all follow', async () => {
    const { documents } = setUp();
    const handler = documentResource(documents);
    const old = { Name: 'doc', Content: content('one') };
    await expect(handler.update!('doc', { Name: 'doc', Content: content('two') }, old, context)).rejects.toThrow(
      'without UpdateMethod: NewVersion a named document cannot change',
    );
    await handler.update!('doc', { Name: 'doc', Content: content('two'), UpdateMethod: 'NewVersion' }, old, context);
    expect(documents.get('doc').defaultVersion).toBe(2);
  });

  test('a document may be gone when it is deleted', async () => {
    const { documents } = setUp();
    const handler = documentResource(documents);
    await handler.delete('doc', {});
    await handler.delete('doc', {});
    expect(documents.has('doc')).toBe(false);
  });
});
