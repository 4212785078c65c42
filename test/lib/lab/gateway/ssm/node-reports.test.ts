import { NodeReports } from '../../../../../lib/lab/gateway/ssm/node-reports';
import { instance, nodesData, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

function setUp(state: 'pending' | 'running' | 'shutting-down' = 'pending') {
  const node = instance({ state });
  const store = temporaryStore(nodesData({ instances: { [node.id]: node } }));
  const started: string[] = [];
  const time = { now: Date.UTC(2026, 10, 1) };
  const reports = new NodeReports(
    store,
    { draw: () => 2000 },
    (id) => void started.push(id),
    () => time.now,
  );
  return { node, started, reports, time };
}

test('a node that never reported is not managed at all', () => {
  expect(setUp('running').reports.list()).toEqual([]);
});

test('registers at the first report; the agent has started then, and after each reboot', () => {
  const { node, started, reports } = setUp();
  reports.receive(node);
  reports.receive(node);
  expect(started).toEqual(['i-0a']);
  expect(reports.list()).toMatchObject([{ id: 'i-0a', online: true, name: 'metals-worker-1' }]);
  reports.forget('i-0a');
  reports.receive(node);
  expect(started).toEqual(['i-0a', 'i-0a']);
});

test('is Online at once, but takes commands a while after it has registered only, not after a reboot', () => {
  const { node, reports, time } = setUp();
  reports.receive(node);
  time.now += 1999;
  expect(reports.list()).toMatchObject([{ online: true, acceptsCommands: false }]);
  time.now += 1;
  expect(reports.list()).toMatchObject([{ online: true, acceptsCommands: true }]);
  reports.forget('i-0a');
  reports.receive(node);
  expect(reports.list()).toMatchObject([{ online: true, acceptsCommands: true }]);
});

test('is ConnectionLost 30 seconds after the last report, and stays managed', () => {
  const { node, reports, time } = setUp();
  reports.receive(node);
  time.now += 29_999;
  expect(reports.isOnline('i-0a')).toBe(true);
  time.now += 1;
  expect(reports.list()).toMatchObject([{ id: 'i-0a', online: false }]);
});

test('what shuts down is not heard', () => {
  const { node, started, reports } = setUp('shutting-down');
  reports.receive(node);
  expect(started).toEqual([]);
  expect(reports.isOnline('i-0a')).toBe(false);
});
