import {
  associationFilter,
  associationStatus,
  associationSummary,
  associationView,
} from '../../../../../lib/lab/gateway/ssm/association-views';
import { Associations, type AssociationsData } from '../../../../../lib/lab/gateway/ssm/associations';
import type { CommandEffects } from '../../../../../lib/lab/gateway/ssm/command-run';
import { Commands } from '../../../../../lib/lab/gateway/ssm/commands';
import { Documents, type DocumentsData } from '../../../../../lib/lab/gateway/ssm/documents';
import { associationResource, documentResource } from '../../../../../lib/lab/gateway/ssm/ssm-resources';
import { isDue, parseRate } from '../../../../../lib/lab/gateway/ssm/schedule';
import type { ManagedNode } from '../../../../../lib/lab/gateway/ssm/targets';
import { managedNode, noLog, removeStores, temporaryRecords, temporaryStore } from '../support/fixtures';

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
  const commands = new Commands(temporaryRecords(), documents, list, effects, noLog);
  const store = temporaryStore<AssociationsData>({ associations: {} });
  const associations = new Associations(store, documents, commands, list, noLog);
  return { associations, commands, documents, most, nodes, ran };
}
/** Until everything that was started has ended. */
const quiet = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

test.each([
  [{ Name: 'none', Targets: targets }, 'Document with name none does not exist.'],
  [{ Name: 'doc' }, 'an association needs Targets or InstanceId'],
  [{ Name: 'doc', Targets: targets, Parameters: { A: ['b'] } }, 'Parameter A is not defined in the document'],
  [{ Name: 'doc', Targets: targets, MaxConcurrency: '1' }, 'applies an association to all of its targets at once'],
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

const ended = (time: number, status: 'Success' | 'Failed' | 'InProgress' = 'Success') => ({ time, status });
test.each([
  ['what has not run on the node', undefined, undefined, true],
  ['run-once, whatever became of it', ended(0, 'Failed'), undefined, false],
  ['a rate that has not passed', ended(1), 'rate(30 minutes)', false],
  ['a rate that has passed, how late so ever', ended(0), 'rate(30 minutes)', true],
  ['what is under way', ended(0, 'InProgress'), 'rate(30 minutes)', false],
] as const)('is due: %s', (_, lastRun, schedule, expected) => {
  expect(isDue(lastRun, schedule, 1800)).toBe(expected);
});

test('one association at a time runs on a node', async () => {
  const { associations, most, ran } = setUp();
  const ids = ['a', 'b', 'c'].map(
    (AssociationName) => associations.create({ Name: 'doc', AssociationName, Targets: targets }).id,
  );
  await Promise.all(ids.map((id) => associations.apply(id)));
  expect(ran).toHaveLength(3);
  expect(most.atOnce).toBe(1);
});

test('nodes do not wait for one another, and commands do not wait for associations', async () => {
  const nodes = ['i-0a', 'i-0b'].map((id) => managedNode({ id, container: `node-${id}` }));
  const { associations, commands, most } = setUp(nodes);
  const { id } = associations.create({ Name: 'doc', Targets: targets });
  const { finished } = commands.send({ DocumentName: 'doc', InstanceIds: ['i-0a'] });
  await Promise.all([associations.apply(id), finished]);
  expect(most.atOnce).toBe(3);
});

test('an agent that starts gets what targets its node, and nothing else', async () => {
  const { associations, nodes, ran } = setUp([]);
  associations.create({ Name: 'doc', Targets: targets });
  associations.create({ Name: 'doc', Targets: [{ Key: 'tag:metals:stage', Values: ['other'] }] });
  nodes.push(managedNode());
  associations.onAgentStarted('i-0a');
  await quiet();
  expect(ran).toEqual(['metals-lab-i-0a one']);
});

test('a run-once association that has failed is never run again: not when the agent starts, not later', async () => {
  const { associations, ran } = setUp([managedNode()], 1);
  const { id } = associations.create({ Name: 'doc', Targets: targets });
  await associations.apply(id);
  associations.onAgentStarted('i-0a');
  associations.applyDue(Date.now() + 365 * 86_400_000);
  await quiet();
  expect(ran).toHaveLength(1);
});

test('one with a rate runs when the agent starts only if it is overdue', async () => {
  const { associations, ran } = setUp();
  const { id } = associations.create({ Name: 'doc', Targets: targets, ScheduleExpression: 'rate(30 minutes)' });
  await associations.apply(id);
  associations.onAgentStarted('i-0a', Date.now() + 1790_000);
  await quiet();
  expect(ran).toHaveLength(1);
  associations.onAgentStarted('i-0a', Date.now() + 1800_000);
  await quiet();
  expect(ran).toHaveLength(2);
});

test('changed parameters run it again, and are Pending until then', async () => {
  const { associations, ran } = setUp();
  const { id } = associations.create({ Name: 'doc', Targets: targets });
  await associations.apply(id);
  associations.update(id, { Name: 'doc', Targets: targets, DocumentVersion: '1' });
  expect(associationStatus(associations.get(id))).toBe('Pending');
  await associations.apply(id);
  expect(ran).toHaveLength(2);
});

test('what a change made obsolete before it began does not run', async () => {
  const { associations, ran } = setUp();
  const { id } = associations.create({ Name: 'doc', Targets: targets });
  const first = associations.apply(id);
  associations.update(id, { Name: 'doc', Targets: targets, DocumentVersion: '1' });
  const second = associations.apply(id);
  expect(await first).toEqual({});
  expect(await second).toMatchObject({ 'i-0a': { status: 'Success' } });
  expect(ran).toHaveLength(1);
});

test('what a former gateway left unfinished begins again', async () => {
  const { associations, ran } = setUp();
  const association = associations.create({ Name: 'doc', Targets: targets });
  association.runs['i-0a'] = { status: 'InProgress', statusDetails: 'InProgress', commandId: 'c', time: 0 };
  associations.forgetUnfinished();
  associations.onAgentStarted('i-0a');
  await quiet();
  expect(ran).toHaveLength(1);
});

test('what no agent has begun, because its node went away, is not taken for a run', async () => {
  const { associations, nodes } = setUp([managedNode({ online: false })]);
  const association = associations.create({ Name: 'doc', Targets: targets });
  const applied = associations.apply(association.id);
  // One look at the node, then it is gone.
  await quiet();
  nodes.length = 0;
  expect(await applied).toMatchObject({ 'i-0a': { statusDetails: 'Undeliverable' } });
  expect(association.runs).toEqual({});
  nodes.push(managedNode({ online: false }));
  const queued = associations.apply(association.id);
  nodes.length = 0;
  expect(await queued).toEqual({});
  expect(association.runs).toEqual({});
});

test('runs again when its document has a new default version', async () => {
  const { associations, documents, ran } = setUp();
  const follows = associations.create({ Name: 'doc', Targets: targets });
  const pinned = associations.create({ Name: 'doc', Targets: targets, DocumentVersion: '1' });
  await Promise.all([follows, pinned].map(({ id }) => associations.apply(id)));
  ran.length = 0;
  documents.addVersion({ Name: 'doc', Content: content('two') });
  documents.setDefaultVersion('doc', 2);
  await quiet();
  expect(ran).toEqual(['metals-lab-i-0a two']);
});

test('a rate counts from its last run on each node, on nodes that are online', async () => {
  const offline = managedNode({ id: 'i-0b', container: 'node-b', online: false });
  const { associations, nodes, ran } = setUp([managedNode()]);
  const association = associations.create({ Name: 'doc', Targets: targets, ScheduleExpression: 'rate(30 minutes)' });
  await associations.apply(association.id);
  nodes.push(offline);
  const { time } = association.runs['i-0a']!;
  associations.applyDue((time + 1799) * 1000);
  await quiet();
  expect(ran).toHaveLength(1);
  associations.applyDue((time + 1800) * 1000);
  await quiet();
  expect(ran).toEqual(['metals-lab-i-0a one', 'metals-lab-i-0a one']);
});

test('is Pending before it ran, Failed when any node failed', async () => {
  const { associations } = setUp([managedNode()], 1);
  const association = associations.create({ Name: 'doc', Targets: targets });
  expect(associationStatus(association)).toBe('Pending');
  await associations.apply(association.id);
  expect(associationStatus(association)).toBe('Failed');
  const has = (key: string, value: string) => associationFilter([{ key, value }])(association);
  expect([has('AssociationStatusName', 'Failed'), has('AssociationStatusName', 'Success')]).toEqual([true, false]);
  expect(() => has('LastExecutedBefore', '2026')).toThrow('the lab does not serve the filter LastExecutedBefore');
});

describe('in a template', () => {
  test('fails at once when a node fails and success is waited for, and leaves nothing behind', async () => {
    const { associations } = setUp([managedNode()], 1);
    const handler = associationResource(associations);
    const properties = { Name: 'doc', AssociationName: 'join', Targets: targets, WaitForSuccessTimeoutSeconds: '60' };
    await expect(handler.create(properties, context)).rejects.toThrow(
      /^association join \(doc\) on .* failed: i-0a Failed \(command /,
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

test('a list of associations tells less than a description does: neither parameters nor when it was made', () => {
  const input = { Name: 'metals-lab-stack-deploy', Targets: targets, Parameters: { Stage: ['lab'] } };
  const record = { id: 'a', input, version: 1, createdTime: 1, runs: {} };
  const [summary, view] = [associationSummary(record), associationView(record)];
  expect(Object.keys(view).filter((member) => !(member in summary))).toEqual(['Parameters', 'Date']);
  expect(view).toMatchObject(summary);
});
